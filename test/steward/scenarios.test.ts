import { assert, type NodeId } from '../../src/base/index.ts';
import { type Decision, decide, type OtherMember, type Slot } from '../../src/steward/index.ts';
import { idOf, letterOf } from '../support/cluster.ts';
import { describeScenarios } from '../support/datadriven.ts';

const ids = (letters: string): NodeId[] => letters.split('').map(idOf);

/** What one story has said so far. Members acknowledge, are heard and keep up unless it says otherwise. */
class Story {
  leader = idOf('A');
  voters: NodeId[] = [];
  learners: NodeId[] = [];
  parked: NodeId[] = [];
  slots: Slot[] = [];
  silentMs = new Map<NodeId, number | null>();
  quiet = new Set<NodeId>();
  lagging = new Set<NodeId>();
  markedDown = new Set<NodeId>();
  leadingForMs = 3_600_000;
  sinceChangeMs = 3_600_000;
  options = { silenceMs: 5000, minVoters: 2, promoteAfterMs: 1000 };

  others(): ReadonlyMap<NodeId, OtherMember> {
    const others = [...this.voters, ...this.learners].filter((id) => id !== this.leader);
    return new Map(others.map((id) => [id, this.other(id)]));
  }

  other(id: NodeId): OtherMember {
    const silentMs = this.silentMs.get(id);
    const acknowledges = silentMs === undefined && !this.quiet.has(id);
    const keepsUpMs = acknowledges && !this.lagging.has(id) ? 60_000 : 0;
    return { id, silentMs: silentMs === undefined ? 20 : silentMs, acknowledges, keepsUpMs };
  }

  decide(): Decision | null {
    const { leader, voters, learners, parked, slots, markedDown } = this;
    const { leadingForMs, sinceChangeMs } = this;
    const others = this.others();
    const members = { self: leader, voters, learners, parked, others };
    return decide({ ...members, slots, leadingForMs, sinceChangeMs, markedDown }, this.options);
  }
}

function tell(decision: Decision | null): string {
  if (decision === null) return 'nothing';
  const why = `\nwhy: ${decision.why.replace(/[A-Z]{16}/g, (id) => letterOf(id))}`;
  switch (decision.kind) {
    case 'transfer':
      return `transfer to ${decision.to === null ? 'anyone' : letterOf(decision.to)}${why}`;
    case 'markDown':
      return `mark ${letterOf(decision.id)} as down${why}`;
    case 'clearMark':
      return `clear the mark of ${letterOf(decision.id)}${why}`;
    case 'change':
      break;
  }
  const { change } = decision;
  switch (change.kind) {
    case 'promote':
    case 'remove':
      return `${change.kind} ${letterOf(change.id)}${why}`;
    case 'demote':
      return `demote ${letterOf(change.id)}${change.park ? ', parked' : ''}${why}`;
    case 'replace': {
      const rest = change.keep ? ', who stays as a spare' : ', who is gone';
      return `replace ${letterOf(change.out)}${rest}, by ${letterOf(change.in)}${why}`;
    }
    default:
      throw new Error(`the steward never asks for ${change.kind}`);
  }
}

/** A line before a decision: `silent B seconds=6`. */
type Fact = { readonly words: readonly string[]; readonly args: ReadonlyMap<string, string> };

function factOf(line: string): Fact {
  const parts = line.split(' ');
  const args = parts.filter((part) => part.includes('=')).map((part) => part.split('='));
  return {
    words: parts.filter((part) => !part.includes('=')),
    args: new Map(args.map(([key = '', value = '']) => [key, value])),
  };
}

const secondsOf = ({ args }: Fact): number => {
  const seconds = Number(args.get('seconds') ?? 'none');
  assert(Number.isFinite(seconds), 'seconds=N is expected');
  return seconds * 1000;
};

/** What may be said of a cluster, one a line. It holds until something else is said. */
const facts: Record<string, (story: Story, what: string, fact: Fact) => void> = {
  // leader A
  leader: (story, what) => {
    story.leader = idOf(what);
  },
  // voters ABC
  voters: (story, what) => {
    story.voters = ids(what);
  },
  // learners DE parked=D     (in the order they attached; `-` for none)
  learners: (story, what, { args }) => {
    story.learners = what === '-' ? [] : ids(what);
    story.parked = ids(args.get('parked') ?? '');
  },
  // slots 0=A 1=B 2=         (an empty one wants a voter)
  slots: (story, _what, { args }) => {
    story.slots = [...args].map(([name, letter]) => ({
      name,
      holder: letter === '' ? null : idOf(letter),
    }));
  },
  // silent B seconds=6       (or seconds=unknown)
  silent: (story, what, fact) => {
    const isKnown = fact.args.get('seconds') !== 'unknown';
    story.silentMs.set(idOf(what), isKnown ? secondsOf(fact) : null);
  },
  // heard B                  (it answers, and keeps up)
  heard: (story, what) => {
    story.silentMs.delete(idOf(what));
    story.quiet.delete(idOf(what));
    story.lagging.delete(idOf(what));
  },
  // quiet B                  (heard, but it acknowledged nothing within an election timeout)
  quiet: (story, what) => {
    story.quiet.add(idOf(what));
  },
  // lags D
  lags: (story, what) => {
    story.lagging.add(idOf(what));
  },
  // marked-down B            (or `-` for nobody)
  'marked-down': (story, what) => {
    story.markedDown = new Set(what === '-' ? [] : ids(what));
  },
  // leading seconds=10
  leading: (story, _what, fact) => {
    story.leadingForMs = secondsOf(fact);
  },
  // since-change seconds=10
  'since-change': (story, _what, fact) => {
    story.sinceChangeMs = secondsOf(fact);
  },
  // options timeout=5 min-voters=2
  options: (story, _what, { args }) => {
    const silenceMs = Number(args.get('timeout')) * 1000;
    const minVoters = Number(args.get('min-voters'));
    assert(Number.isFinite(silenceMs + minVoters), 'timeout=N and min-voters=N are expected');
    story.options = { ...story.options, silenceMs, minVoters };
  },
};

function note(story: Story, line: string): void {
  const fact = factOf(line);
  const [name = '', what = ''] = fact.words;
  const act = facts[name];
  assert(act !== undefined, `nothing is known of "${name}"`);
  act(story, what, fact);
}

describeScenarios(new URL('../scenarios/steward/', import.meta.url), () => {
  const story = new Story();
  return {
    // decide
    // one fact a line
    decide: ({ input }) => {
      for (const line of input.split('\n')) if (line !== '') note(story, line);
      return tell(story.decide());
    },
  };
});
