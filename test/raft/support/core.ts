// One core by itself, fed by hand: for tests of a single clause.
import { expect } from 'vitest';
import type { Membership, NodeId } from '../../../src/base/index.ts';
import { bootNumber, clusterTime, logIndex, term, utf8 } from '../../../src/base/index.ts';
import type {
  Entry,
  Input,
  MembershipChange,
  Message,
  Output,
  Position,
  RaftOptions,
  RaftView,
} from '../../../src/raft/index.ts';
import { Raft } from '../../../src/raft/index.ts';
import { at, command, id, membershipOf, optionsOf, snapshotOf } from './cluster.ts';

const nothing: Output = {
  persist: null,
  sendNow: [],
  sendAfterPersist: [],
  committed: [],
  receipts: [],
  reads: [],
  notices: [],
};

/** Entries whose terms are these, from index 1 on. */
export const entriesOf = (terms: readonly number[], from = 1): Entry[] =>
  terms.map((it, i) => command(from + i, it, `${from + i}@${it}`));

export const append = (
  ofTerm: number,
  previous: Position,
  terms: readonly number[] = [],
  commit = 0,
): Message => ({
  kind: 'appendRequest',
  term: term(ofTerm),
  previous,
  commit: logIndex(commit),
  entries: entriesOf(terms, previous.index + 1),
});

export const heartbeat = (ofTerm: number, commit = 0, round = 0): Message => ({
  kind: 'heartbeat',
  term: term(ofTerm),
  commit: logIndex(commit),
  newest: logIndex(commit),
  round,
});

export const appendReply = (ofTerm: number, matched: number): Message => ({
  kind: 'appendReply',
  term: term(ofTerm),
  matched: logIndex(matched),
});

export const heartbeatReply = (ofTerm: number, round = 0): Message => ({
  kind: 'heartbeatReply',
  term: term(ofTerm),
  round,
});

export const asksVote = (
  kind: 'voteRequest' | 'preVoteRequest',
  ofTerm: number,
  last: Position,
  more: { readonly transfer?: boolean; readonly memberIndex?: number } = {},
): Message => {
  const memberIndex = logIndex(more.memberIndex ?? 0);
  return kind === 'voteRequest'
    ? { kind, term: term(ofTerm), last, transfer: more.transfer ?? false, memberIndex }
    : { kind, term: term(ofTerm), last, memberIndex };
};

type Start = {
  readonly voters?: readonly number[];
  readonly learners?: readonly number[];
  readonly membership?: Membership;
  /** Terms of the entries in the log. */
  readonly terms?: readonly number[];
  readonly term?: number;
  readonly votedFor?: number;
  readonly more?: Partial<RaftOptions>;
};

/** Node 1, of voters 1, 2 and 3 unless told otherwise. */
export class Core {
  readonly raft: Raft;

  constructor({ voters = [1, 2, 3], learners = [], terms = [], ...start }: Start = {}) {
    this.raft = new Raft(
      optionsOf(1, {
        snapshot: snapshotOf(start.membership ?? membershipOf(voters, learners)),
        entries: entriesOf(terms),
        hardState: {
          term: term(start.term ?? terms.at(-1) ?? 0),
          votedFor: start.votedFor === undefined ? null : id(start.votedFor),
        },
        ...start.more,
      }),
    );
  }

  get view(): RaftView {
    return this.raft.view();
  }

  step(input: Input): void {
    this.raft.step(input);
  }

  receive(from: number, message: Message, boot = 1): void {
    this.step({ kind: 'message', from: id(from), boot: bootNumber(boot), message });
  }

  tick(times: number): void {
    for (let i = 0; i < times; i++) this.step({ kind: 'tick' });
  }

  propose(...commands: string[]): void {
    this.step({
      kind: 'propose',
      ref: 1,
      commands: commands.map(utf8),
      time: clusterTime(0),
      onlyInTerm: null,
    });
  }

  change(change: MembershipChange, ifMembershipAt: Position | null = null): void {
    this.step({ kind: 'changeMembership', ref: 1, change, ifMembershipAt, time: clusterTime(0) });
  }

  /** What one take gives; its save is not reported. */
  take(): Output {
    const output = this.raft.take();
    this.raft.check();
    return output ?? nothing;
  }

  persisted({ persist }: Output): void {
    if (persist !== null) this.step({ kind: 'persisted', through: persist.through });
  }

  /** A whole turn: take, save, report, apply; then once more for what follows from that. */
  turn(): Output {
    const output = this.take();
    this.persisted(output);
    const last = output.committed.at(-1);
    if (last !== undefined) this.step({ kind: 'applied', through: last.index });
    return output;
  }

  /** Campaigns and wins with the vote of node 2, and gives the first turn as leader. */
  lead(): Output {
    for (let i = 0; i < 200 && this.view.role === 'follower'; i++) this.tick(1);
    this.turn();
    for (const voter of [2, 3]) {
      const next = term(this.view.term + 1);
      if (this.view.role === 'preCandidate')
        this.receive(voter, { kind: 'preVoteReply', term: next, granted: true, doubt: null });
    }
    this.turn();
    for (const voter of [2, 3]) {
      if (this.view.role === 'candidate')
        this.receive(voter, {
          kind: 'voteReply',
          term: this.view.term,
          granted: true,
          doubt: null,
        });
    }
    expect(this.view.role).toBe('leader');
    return this.turn();
  }

  /** Leads, with everything committed by the acknowledgements of `followers`. */
  establish(...followers: number[]): void {
    this.lead();
    for (const follower of followers)
      this.receive(follower, appendReply(this.view.term, this.view.last.index));
    this.turn();
    this.turn();
    expect(this.view.established).toBe(true);
  }
}

export type Sent = { readonly to: NodeId; readonly message: Message };

/** Messages of one kind among those sent. */
export function ofKind<K extends Message['kind']>(
  sent: readonly Sent[],
  kind: K,
): (Extract<Message, { kind: K }> & { readonly to: NodeId })[] {
  const found = [];
  for (const { to, message } of sent) {
    if (message.kind === kind) found.push({ ...(message as Extract<Message, { kind: K }>), to });
  }
  return found;
}

export const everything = (output: Output): Sent[] => [
  ...output.sendNow,
  ...output.sendAfterPersist,
];
export const nowhere = at(0, 0);
