// Who leads: pre-votes, votes, and when to ask for them (Raft 5.2, 5.4.1; thesis 4.2.3, 9.6).
import type { LogIndex, NodeId, Term } from '../base/index.ts';
import { isJoint, isMember, membersOf } from '../base/index.ts';
import { comparePositions } from './log.ts';
import { noticeGivenUp, promise, reply, request } from './output.ts';
import { voteOutcome } from './quorum.ts';
import {
  becomeCandidate,
  becomeFollower,
  becomeLeader,
  becomePreCandidate,
  drawElectionTimeout,
} from './roles.ts';
import type { RaftState } from './state.ts';
import {
  committedMembership,
  effective,
  isAloneInDoubt,
  lastThrough,
  leaderOf,
  mayCampaign,
  memberAt,
} from './state.ts';
import type { Message, Position, VoteAnswer } from './types.ts';

type Of<K extends Message['kind']> = Extract<Message, { kind: K }>;

/** Early campaigns after a closed link: one, and this many more at heartbeat intervals. */
const linkHintRetriesMax = 3;

// --- time -------------------------------------------------------------------------------------

/** One tick of a node that does not lead. */
export function tickElection(raft: RaftState): void {
  raft.ticksQuiet++;
  tickHint(raft);
  if (raft.role.kind === 'leader' || raft.ticksQuiet < raft.electionTimeout) return;
  raft.ticksQuiet = 0;
  drawElectionTimeout(raft);
  if (mayCampaign(raft)) {
    askForPreVotes(raft);
    return;
  }
  // It can not lead, but neither should it go on believing in a leader it does not hear.
  becomeFollower(raft, raft.term, null);
  tellIfAlone(raft);
  lookForMembers(raft);
}

/** Nobody can be elected here, ever, unless somebody unknown writes or an operator decides. */
function tellIfAlone(raft: RaftState): void {
  const { suspect } = raft;
  if (suspect === null || raft.isAloneTold || !isAloneInDoubt(raft)) return;
  raft.isAloneTold = true;
  raft.outbox.notices.push({ kind: 'aloneInDoubt', suspect });
}

/** The link with `peer` closed. If it leads, this node doubts it, and nobody else has to. */
export function onLinkClosed(raft: RaftState, peer: NodeId): void {
  if (raft.role.kind !== 'follower' || raft.role.leader !== peer || !raft.isSticky) return;
  raft.isSticky = false;
  raft.hint = { ticksLeft: drawHintJitter(raft), triesLeft: 1 + linkHintRetriesMax };
}

function tickHint(raft: RaftState): void {
  const { hint } = raft;
  if (hint === null) return;
  hint.ticksLeft--;
  if (hint.ticksLeft > 0) return;
  if (hint.triesLeft === 0 || !mayCampaign(raft)) {
    raft.hint = null;
    return;
  }
  hint.triesLeft--;
  // At most once per heartbeat interval; jitter again, since two that collided would go on to.
  hint.ticksLeft = raft.options.heartbeatTicks + drawHintJitter(raft);
  if (!isElectionOpen(raft)) askForPreVotes(raft);
}

/** A candidate nobody refused yet only has to wait. */
function isElectionOpen({ role }: RaftState): boolean {
  return role.kind === 'candidate' && [...role.answers.values()].every(({ granted }) => granted);
}

function drawHintJitter({ options }: RaftState): number {
  const { linkHintTicksMin, linkHintTicksMax, prng } = options;
  return linkHintTicksMin + prng.below(linkHintTicksMax - linkHintTicksMin + 1);
}

/** A member that may not campaign, and so is not told by a vote, asks around whether it still is one. */
function lookForMembers(raft: RaftState): void {
  const known = new Set([
    ...membersOf(effective(raft).membership),
    ...membersOf(committedMembership(raft).membership),
  ]);
  for (const id of known) {
    if (id === raft.id) continue;
    request(raft, id, { kind: 'lookFor', term: raft.term, memberIndex: memberAt(raft).index });
  }
}

// --- pre-vote ---------------------------------------------------------------------------------

function askForPreVotes(raft: RaftState): void {
  becomePreCandidate(raft);
  const message: Message = {
    kind: 'preVoteRequest',
    term: (raft.term + 1) as Term,
    last: raft.log.last,
    memberIndex: memberAt(raft).index,
  };
  for (const id of otherVoters(raft)) request(raft, id, message);
  notePreVote(raft, raft.id, answerTo(raft, raft.log.last));
}

const otherVoters = (raft: RaftState): NodeId[] => {
  const { voters, outgoing } = effective(raft).membership;
  return [...new Set([...voters, ...(outgoing ?? [])])].filter((id) => id !== raft.id);
};

/** Answers without changing anything: not the term, not the vote, not when a leader was heard. */
export function onPreVoteRequest(raft: RaftState, from: NodeId, m: Of<'preVoteRequest'>): void {
  const isOpen = m.term > raft.term && !isHeldByLeader(raft, from);
  const answer = isOpen ? answerTo(raft, m.last) : refusal;
  // A refusal says our own term, so that a candidate that is behind can catch up (canonical#279).
  const term = answer.granted ? m.term : raft.term;
  reply(raft, from, { kind: 'preVoteReply', term, ...answer });
}

export function onPreVoteReply(raft: RaftState, from: NodeId, m: Of<'preVoteReply'>): void {
  if (raft.role.kind !== 'preCandidate') return;
  if (m.granted && m.term !== raft.term + 1) return;
  notePreVote(raft, from, m);
}

function notePreVote(raft: RaftState, from: NodeId, answer: VoteAnswer): void {
  if (raft.role.kind !== 'preCandidate') return;
  const { answers } = raft.role;
  keepBest(answers, from, answer);
  switch (voteOutcome(effective(raft).membership, answers)) {
    case 'won':
    case 'wonByAll':
      askForVotes(raft, false);
      break;
    case 'lost':
      becomeFollower(raft, raft.term, null);
      break;
    case 'open':
      break;
  }
}

type Answers = Extract<RaftState['role'], { kind: 'candidate' }>['answers'];

/** A refusal that comes after the grant is an older one, and a doubt does not come up again. */
function keepBest(answers: Answers, from: NodeId, { granted, doubt }: VoteAnswer): void {
  const known = answers.get(from);
  const isBetter =
    known === undefined ||
    (granted && !known.granted) ||
    (granted && doubt === null && known.doubt !== null);
  if (isBetter) answers.set(from, { granted, doubt });
}

// --- vote -------------------------------------------------------------------------------------

function askForVotes(raft: RaftState, transfer: boolean): void {
  becomeCandidate(raft);
  const { term } = raft;
  const { last } = raft.log;
  const message: Message = {
    kind: 'voteRequest',
    term,
    last,
    transfer,
    memberIndex: memberAt(raft).index,
  };
  // After the term is durable: a candidate that forgot it would ask again in the same term with a
  // shorter log, and count the votes that its longer one was given.
  for (const id of otherVoters(raft)) promise(raft, id, message);
}

/** Answers for good: one vote a term, durable before it is given (Raft 5.2). */
export function onVoteRequest(raft: RaftState, from: NodeId, m: Of<'voteRequest'>): void {
  const isFree = raft.votedFor === null && leaderOf(raft) === null;
  // If votedFor is null or the candidate, and its log is at least as up to date, grant (Raft 5.4.1).
  // Whether this node is a voter is not asked: the candidate may know of a promotion we do not.
  const answer = isFree || raft.votedFor === from ? answerTo(raft, m.last) : refusal;
  const { term } = raft;
  if (!answer.granted) {
    reply(raft, from, { kind: 'voteReply', term, ...answer });
    return;
  }
  if (raft.votedFor === null) {
    raft.votedFor = from;
    raft.outbox.hardStateChanged = true;
  }
  raft.ticksQuiet = 0;
  const { hint } = raft;
  if (hint !== null) {
    // The candidate gets its time before this node tries itself.
    const soonest = raft.options.heartbeatTicks + drawHintJitter(raft);
    if (hint.ticksLeft < soonest) hint.ticksLeft = soonest;
  }
  promise(raft, from, { kind: 'voteReply', term, ...answer });
}

export function onVoteReply(raft: RaftState, from: NodeId, m: Of<'voteReply'>): void {
  noteVote(raft, from, m);
}

/** What the save held is durable: a candidate's vote for itself counts from now on. */
export function onVotePersisted(raft: RaftState): void {
  if (!raft.outbox.hardStateChanged) noteVote(raft, raft.id, answerTo(raft, raft.log.last));
}

function noteVote(raft: RaftState, from: NodeId, answer: VoteAnswer): void {
  if (raft.role.kind !== 'candidate') return;
  const { answers } = raft.role;
  keepBest(answers, from, answer);
  switch (voteOutcome(effective(raft).membership, answers)) {
    case 'won':
      giveUpDoubt(raft, raft.suspect, true);
      becomeLeader(raft);
      break;
    case 'wonByAll':
      giveUpDoubt(raft, highestDoubt(answers), false);
      becomeLeader(raft);
      break;
    case 'lost':
      becomeFollower(raft, raft.term, null);
      break;
    case 'open':
      break;
  }
}

/**
 * The election shows that nothing beyond this log counts. Nothing of that has to be durable: a restart
 * before the no-op of this term is, finds the doubt again, and only asks once more.
 */
function giveUpDoubt(raft: RaftState, through: Position | null, neverHeld: boolean): void {
  raft.suspect = null;
  if (through !== null) noticeGivenUp(raft, through, neverHeld);
}

function highestDoubt(answers: Answers): Position | null {
  let highest: Position | null = null;
  for (const { doubt } of answers.values()) {
    if (doubt === null) continue;
    if (highest === null || comparePositions(doubt, highest) > 0) highest = doubt;
  }
  return highest;
}

/** The leader hands over: campaign at once, without asking who still hears it (thesis 3.10). */
export function onTimeoutNow(raft: RaftState, from: NodeId, m: Of<'timeoutNow'>): void {
  if (leaderOf(raft) !== from || raft.suspect !== null || !mayCampaign(raft)) return;
  const { last } = raft.log;
  if (m.last.index !== last.index || m.last.term !== last.term) return;
  askForVotes(raft, true);
}

// --- judging ----------------------------------------------------------------------------------

/**
 * A leader was heard so lately that nobody else is helped to become one. Its own request is no
 * disturbance: it would not ask if it still led (hashicorp/raft#606).
 */
export function isHeldByLeader(raft: RaftState, from: NodeId): boolean {
  const leader = leaderOf(raft);
  if (leader === raft.id) return true;
  if (leader === null || leader === from || !raft.isSticky) return false;
  return raft.ticksQuiet < raft.options.electionTimeoutTicks;
}

const refusal: VoteAnswer = { granted: false, doubt: null };

/** A log that ends at `last` may lead, as far as this node can show; and as far as it may have promised? */
function answerTo({ log, suspect }: RaftState, last: Position): VoteAnswer {
  if (comparePositions(last, log.last) < 0) return refusal;
  const isInDoubt = suspect !== null && comparePositions(last, suspect) < 0;
  return { granted: true, doubt: isInDoubt ? suspect : null };
}

/** What may be answered with `removed`. */
export type Asking = Extract<Message, { readonly memberIndex: LogIndex }>;
export const isAsking = (m: Message): m is Asking => 'memberIndex' in m;

/** No entry in the asker's log is of a later term than this. */
const lastTermOf = (m: Asking): Term => (m.kind === 'lookFor' ? m.term : m.last.term);

/**
 * Tells `from` that it is not a member any more, if a *final* membership without it is applied here
 * at or after the last one it knows to name it. Anybody else is judged by log and term alone.
 *
 * After it by term, too: what a leader appended once it was overruled stands at any index, and can
 * not follow an entry of a later term in a log that counts.
 *
 * @returns whether it was told.
 */
export function tellIfRemoved(raft: RaftState, from: NodeId, m: Asking): boolean {
  const { at, membership } = lastThrough(raft, raft.appliedIndex);
  if (membership.voters.length === 0 || isJoint(membership)) return false;
  if (at.index < m.memberIndex && at.term <= lastTermOf(m)) return false;
  if (isMember(membership, from) || isMember(effective(raft).membership, from)) return false;
  reply(raft, from, { kind: 'removed', term: raft.term, membershipAt: at });
  return true;
}

/** Somebody says we were removed. The driver confirms it elsewhere before it acts. */
export function onRemoved(raft: RaftState, from: NodeId, m: Of<'removed'>): void {
  const { index, term } = memberAt(raft);
  if (m.membershipAt.index < index && m.membershipAt.term <= term) return;
  raft.outbox.notices.push({ kind: 'toldRemoved', by: from, membershipAt: m.membershipAt });
}
