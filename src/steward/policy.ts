import type { NodeId } from '../base/index.ts';
import type { Decision, OtherMember, StewardOptions, StewardView } from './types.ts';

/**
 * What the membership should do next, if anything. Slots are what is wanted, the membership is
 * what is; one step at a time, in this order: what an operator's slots say, then empty slots,
 * then the silent. Pure: the same view gives the same decision.
 */
export function decide(view: StewardView, options: StewardOptions): Decision | null {
  return (
    unmark(view, options) ??
    giveSlotAway(view, options) ??
    promoteNamed(view, options) ??
    fillEmptySlot(view, options) ??
    removeSilentVoter(view, options) ??
    dropSilentLearner(view, options)
  );
}

const change = (c: Extract<Decision, { kind: 'change' }>['change'], why: string): Decision => ({
  kind: 'change',
  change: c,
  why,
});

const holders = (view: StewardView): ReadonlySet<NodeId> =>
  new Set(view.slots.flatMap((slot) => (slot.holder === null ? [] : [slot.holder])));

const acknowledges = (view: StewardView, id: NodeId): boolean =>
  view.others.get(id)?.acknowledges === true;

const keepsUp = (view: StewardView, id: NodeId, options: StewardOptions): boolean =>
  acknowledges(view, id) && (view.others.get(id)?.keepsUpMs ?? 0) >= options.promoteAfterMs;

const majorityOf = (count: number): number => Math.floor(count / 2) + 1;

/** Learners that a slot names, in the order of the slots. */
const namedLearners = (view: StewardView): NodeId[] =>
  view.slots.flatMap((s) =>
    s.holder !== null && view.learners.includes(s.holder) ? [s.holder] : [],
  );

/** The spare that may take any empty slot: attached longest, not parked, not named elsewhere. */
function freeSpare(view: StewardView, options: StewardOptions): NodeId | null {
  const named = new Set(namedLearners(view));
  const free = view.learners.filter((id) => !view.parked.includes(id) && !named.has(id));
  return free.find((id) => keepsUp(view, id, options)) ?? null;
}

/** A voter that no slot holds: an operator emptied, deleted or gave away its slot. */
function giveSlotAway(view: StewardView, options: StewardOptions): Decision | null {
  const held = holders(view);
  if (held.size === 0) return null;
  const named = namedLearners(view);
  const ready = named.find((id) => keepsUp(view, id, options)) ?? null;
  // A successor is named, is there, and has to catch up. Without it the cluster would shrink for a while.
  if (ready === null && named.some((id) => acknowledges(view, id))) return null;
  const hasEmpty = view.slots.some((slot) => slot.holder === null);
  const successor = ready ?? (hasEmpty ? freeSpare(view, options) : null);
  for (const out of view.voters) {
    if (held.has(out)) continue;
    const decision =
      out === view.self ? leaveOffice(view, successor) : takeVote(view, out, successor);
    if (decision !== null) return decision;
  }
  return null;
}

function takeVote(view: StewardView, out: NodeId, successor: NodeId | null): Decision | null {
  const stay = view.voters.filter((id) => id !== out);
  const after = successor === null ? stay : [...stay, successor];
  // The final entry needs a majority of those who are voters then, or the change stays half made.
  const there = after.filter((id) => id === view.self || acknowledges(view, id));
  if (there.length < majorityOf(after.length)) return null;
  if (successor !== null) {
    return change(
      { kind: 'replace', out, in: successor, keep: true },
      `the slot of ${out} goes to ${successor}`,
    );
  }
  return change({ kind: 'demote', id: out, park: true }, `${out} holds no slot any more`);
}

/** The leader itself lost its slot: the successor is admitted, then another leads and finishes. */
function leaveOffice(view: StewardView, successor: NodeId | null): Decision | null {
  if (successor !== null) {
    return change(
      { kind: 'promote', id: successor },
      `the slot of the leader goes to ${successor}`,
    );
  }
  const held = holders(view);
  const next = view.voters.find((id) => id !== view.self && held.has(id) && acknowledges(view, id));
  if (next === undefined) return null;
  return { kind: 'transfer', to: next, why: 'the leader holds no slot any more' };
}

function promoteNamed(view: StewardView, options: StewardOptions): Decision | null {
  const named = namedLearners(view).find((id) => keepsUp(view, id, options));
  return named === undefined ? null : change({ kind: 'promote', id: named }, 'a slot names it');
}

function fillEmptySlot(view: StewardView, options: StewardOptions): Decision | null {
  const empty = view.slots.find((slot) => slot.holder === null);
  if (empty === undefined) return null;
  const spare = freeSpare(view, options);
  if (spare === null) return null;
  return change({ kind: 'promote', id: spare }, `slot ${empty.name} is empty`);
}

/** Silent on everything for all of the time that counts. */
function isSilent(view: StewardView, member: OtherMember, options: StewardOptions): boolean {
  if (options.silenceMs === 0 || view.leadingForMs < options.silenceMs) return false;
  return member.silentMs !== null && member.silentMs >= options.silenceMs;
}

function silentVoters(view: StewardView, options: StewardOptions): OtherMember[] {
  return view.voters.flatMap((id) => {
    const member = view.others.get(id);
    return member !== undefined && isSilent(view, member, options) ? [member] : [];
  });
}

/**
 * A voter silent for -timeout is replaced by a spare in one joint step, or removed, so that the
 * cluster shrinks as doozer's did; never below -min-voters, only if all others are there and are a
 * majority of the old membership and of the new, and one only in each -timeout (consul #5922, #8118).
 */
function removeSilentVoter(view: StewardView, options: StewardOptions): Decision | null {
  const silent = silentVoters(view, options);
  const [out] = silent;
  if (out === undefined) return null;
  const isAtFloor = view.voters.length - 1 < options.minVoters;
  if (mayRemove(view, out.id, options)) {
    const why = whySilent(out);
    const spare = freeSpare(view, options);
    if (spare !== null) {
      return change({ kind: 'replace', out: out.id, in: spare, keep: false }, why);
    }
    if (!isAtFloor) return change({ kind: 'remove', id: out.id }, why);
  }
  const unmarked = silent.find(({ id }) => !view.markedDown.has(id));
  if (!isAtFloor || unmarked === undefined) return null;
  return { kind: 'markDown', id: unmarked.id, why: whySilent(unmarked) };
}

function mayRemove(view: StewardView, out: NodeId, options: StewardOptions): boolean {
  if (view.sinceChangeMs < options.silenceMs) return false;
  const stay = view.voters.filter((id) => id !== out);
  const allAcknowledge = stay.every((id) => id === view.self || acknowledges(view, id));
  // All that stay are there, so they are a majority of the new membership; of the old one too?
  return allAcknowledge && stay.length >= majorityOf(view.voters.length);
}

const whySilent = ({ silentMs }: OtherMember): string =>
  `silent for ${Math.round((silentMs ?? 0) / 1000)} s`;

/** Marked as down, and there again. */
function unmark(view: StewardView, options: StewardOptions): Decision | null {
  for (const id of view.markedDown) {
    const member = view.others.get(id);
    const isBack =
      acknowledges(view, id) && member !== undefined && !isSilent(view, member, options);
    if (id === view.self || isBack) return { kind: 'clearMark', id, why: 'it is heard again' };
  }
  return null;
}

/** Dead learners would fill the bound on members and pin the log. */
function dropSilentLearner(view: StewardView, options: StewardOptions): Decision | null {
  for (const id of view.learners) {
    const member = view.others.get(id);
    if (member === undefined || !isSilent(view, member, options)) continue;
    return change({ kind: 'remove', id }, 'a silent spare');
  }
  return null;
}
