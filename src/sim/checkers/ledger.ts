import { type Membership, sameBytes, sameMembership } from '../../base/index.ts';
import type { Entry, EntryPayload, Position } from '../../raft/index.ts';
import { Violation } from '../witness.ts';

/** An entry that some node asked its log for. Of one index and term there is one, with one before it. */
export type Made = {
  readonly index: number;
  readonly term: number;
  /** `null` on the root alone, which stands before every log. */
  readonly previous: Made | null;
  /** The first entry of this term in this log. */
  readonly termStart: Made;
  /** `null`: it was there when its first node was first seen. */
  payload: EntryPayload | null;
  /** What it makes of the membership; `null`: nothing. */
  membership: Membership | null;
  /** One bit for each node that had it durable at some time. */
  holders: number;
};

/** `5@2`: index 5 of term 2. */
export const placeText = ({ index, term }: { readonly index: number; readonly term: number }) =>
  `${index}@${term}`;

/** The last entry at or before `made` that changes the membership. */
export function configOf(made: Made): Made | null {
  let at: Made | null = made;
  while (at !== null && at.membership === null) at = at.previous;
  return at;
}

const root: Made = makeRoot();

function makeRoot(): Made {
  const made = {
    index: 0,
    term: 0,
    previous: null,
    payload: null,
    membership: null,
    holders: 0,
  };
  return Object.assign(made, { termStart: made as unknown as Made });
}

/**
 * All entries that any node ever asked its log for. `logMatching`: an index and a term name one
 * payload everywhere, and one entry before it; so a log is known by its last position alone.
 */
export class Ledger {
  readonly #byIndex: Made[][] = [];

  /** Stands before every log. */
  get root(): Made {
    return root;
  }

  find({ index, term }: { readonly index: number; readonly term: number }): Made | null {
    if (index === 0) return root;
    const there = this.#byIndex[index];
    if (there === undefined) return null;
    for (const made of there) if (made.term === term) return made;
    return null;
  }

  /** @param who  for the text of a violation. */
  add(entry: Entry, previous: Made, who: string): { readonly made: Made; readonly fresh: boolean } {
    const known = this.find(entry);
    if (known === null)
      return { made: this.#make(entry, entry.payload, previous, who), fresh: true };
    if (known.previous !== previous) {
      throw new Violation(
        'logMatching',
        `${who} holds ${placeText(entry)} after ${placeText(previous)}, others after ${placeText(known.previous ?? root)}`,
      );
    }
    if (known.payload === null) {
      known.payload = entry.payload;
    } else if (!samePayload(known.payload, entry.payload)) {
      throw new Violation(
        'logMatching',
        `${who} holds at ${placeText(entry)} a ${entry.payload.kind} that is not the ${known.payload.kind} others hold there`,
      );
    }
    return { made: known, fresh: false };
  }

  /** The first entry of a cluster, which was there before anybody looked. */
  first(at: Position, membership: Membership): Made {
    const made = this.#make(at, null, root, 'the founder');
    made.membership = membership.voters.length > 0 ? membership : null;
    return made;
  }

  #make(
    { index, term }: { readonly index: number; readonly term: number },
    payload: EntryPayload | null,
    previous: Made,
    who: string,
  ): Made {
    if (index !== previous.index + 1 || term < previous.term) {
      throw new Violation(
        'logMatching',
        `${who} appends ${placeText({ index, term })} after ${placeText(previous)}`,
      );
    }
    const made = {
      index,
      term,
      previous,
      payload,
      membership: payload?.kind === 'membership' ? payload.membership : null,
      holders: 0,
    };
    const whole = made as typeof made & { termStart: Made };
    whole.termStart = previous.term === term ? previous.termStart : whole;
    const there = this.#byIndex[index];
    if (there === undefined) this.#byIndex[index] = [whole];
    else there.push(whole);
    return whole;
  }
}

function samePayload(a: EntryPayload, b: EntryPayload): boolean {
  if (a === b) return true;
  if (a.kind === 'command') return b.kind === 'command' && sameBytes(a.bytes, b.bytes);
  if (a.kind === 'membership') {
    return b.kind === 'membership' && sameMembership(a.membership, b.membership);
  }
  return b.kind === 'noop';
}
