// Who is a member: one change at a time, joint and then final when voters change (thesis 4.3).
import type { Membership, NodeId } from '../base/index.ts';
import {
  assert,
  finalOf,
  isJoint,
  isLearner,
  isMember,
  isVoter,
  membersOf,
} from '../base/index.ts';
import { answerDone, refuseRef } from './output.ts';
import { isCaughtUp, isHeard } from './progress.ts';
import { hasQuorum } from './quorum.ts';
import type { Leader } from './replication.ts';
import { appendAsLeader, commitByCounting, syncProgress } from './replication.ts';
import { becomeFollower } from './roles.ts';
import type { RaftState } from './state.ts';
import { committedMembership, effective, isChangePending, isEstablished } from './state.ts';
import type { Entry, Input, MembershipChange, RefusalReason } from './types.ts';

type Of<K extends MembershipChange['kind']> = Extract<MembershipChange, { kind: K }>;

/** What a change would append, or why it does not. */
type Plan =
  | { readonly kind: 'append'; readonly membership: Membership }
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly detail: string };

const done: Plan = { kind: 'done' };
const append = (membership: Membership): Plan => ({ kind: 'append', membership });
const refused = (reason: RefusalReason, detail: string): Plan => ({
  kind: 'refused',
  reason,
  detail,
});

export function onChangeMembership(
  raft: RaftState,
  input: Extract<Input, { kind: 'changeMembership' }>,
): void {
  const plan = planIfAllowed(raft, input);
  switch (plan.kind) {
    case 'done':
      answerDone(raft, input.ref);
      break;
    case 'refused':
      refuseRef(raft, input.ref, plan.reason, plan.detail);
      break;
    case 'append': {
      const { index, term } = appendMembership(raft, plan.membership, input.time);
      raft.outbox.receipts.push({ ref: input.ref, kind: 'appended', first: index, count: 1, term });
      break;
    }
  }
}

function planIfAllowed(
  raft: RaftState,
  { change, ifMembershipAt }: Extract<Input, { kind: 'changeMembership' }>,
): Plan {
  if (raft.role.kind !== 'leader') return refused('notLeader', 'only a leader changes members');
  if (raft.transfer !== null) return refused('transferring', 'leadership is being handed over');
  // R11: without it two leaders could each append a change that the other's quorum never sees.
  if (!isEstablished(raft)) return refused('notReady', 'nothing of this term is committed yet');
  if (isChangePending(raft)) return refused('changePending', 'another change is under way');
  const { at } = effective(raft);
  const isStale =
    ifMembershipAt !== null &&
    (ifMembershipAt.index !== at.index || ifMembershipAt.term !== at.term);
  if (isStale) return refused('stale', `the membership stands at ${at.index} of term ${at.term}`);
  return plan(raft, raft.role, change);
}

function plan(raft: RaftState, leader: Leader, change: MembershipChange): Plan {
  const { membership } = effective(raft);
  switch (change.kind) {
    case 'add':
      return planAdd(raft, membership, change);
    case 'setAddress':
      return planSetAddress(membership, change);
    case 'promote':
      return planPromote(raft, leader, membership, change);
    case 'demote':
      return planDemote(raft, leader, membership, change);
    case 'remove':
      return planRemove(raft, leader, membership, change);
    case 'replace':
      return planReplace(raft, leader, membership, change);
  }
}

// --- changes of learners and addresses: one final entry -----------------------------------------

function planAdd(raft: RaftState, m: Membership, { id, address }: Of<'add'>): Plan {
  if (isMember(m, id)) return planSetAddress(m, { kind: 'setAddress', id, address });
  const { membersMax } = raft.options;
  if (membersOf(m).length >= membersMax)
    return refused('tooMany', `members: at most ${membersMax}`);
  return append({
    ...m,
    learners: [...m.learners, id],
    addresses: new Map([...m.addresses, [id, address]]),
  });
}

function planSetAddress(m: Membership, { id, address }: Of<'setAddress'>): Plan {
  if (!isMember(m, id)) return notAMember(id);
  if (m.addresses.get(id) === address) return done;
  return append({ ...m, addresses: new Map([...m.addresses, [id, address]]) });
}

// --- changes of voters: a joint entry -----------------------------------------------------------

function planPromote(raft: RaftState, leader: Leader, m: Membership, { id }: Of<'promote'>): Plan {
  if (isVoter(m, id)) return done;
  if (!isLearner(m, id)) return notAMember(id);
  const { votersMax } = raft.options;
  if (m.voters.length >= votersMax) return refused('tooMany', `voters: at most ${votersMax}`);
  return planVoters(raft, leader, m, {
    voters: [...m.voters, id],
    learners: without(m.learners, id),
    learnersNext: [],
    parked: without(m.parked, id),
  });
}

function planDemote(raft: RaftState, leader: Leader, m: Membership, change: Of<'demote'>): Plan {
  const { id, park } = change;
  if (!isMember(m, id)) return notAMember(id);
  const parked = park ? [...without(m.parked, id), id] : without(m.parked, id);
  if (isLearner(m, id)) {
    return m.parked.includes(id) === park ? done : append({ ...m, parked });
  }
  return planVoters(raft, leader, m, {
    voters: without(m.voters, id),
    learners: m.learners,
    learnersNext: [id],
    parked,
  });
}

function planRemove(raft: RaftState, leader: Leader, m: Membership, { id }: Of<'remove'>): Plan {
  if (!isMember(m, id)) return done;
  const parked = without(m.parked, id);
  if (isLearner(m, id)) {
    const addresses = new Map([...m.addresses].filter(([member]) => member !== id));
    return append({ ...m, learners: without(m.learners, id), parked, addresses });
  }
  const voters = without(m.voters, id);
  return planVoters(raft, leader, m, { voters, learners: m.learners, learnersNext: [], parked });
}

function planReplace(raft: RaftState, leader: Leader, m: Membership, change: Of<'replace'>): Plan {
  const { out, keep } = change;
  if (isVoter(m, change.in) && !isVoter(m, out)) return done;
  if (!isVoter(m, out)) return notAMember(out);
  if (!isLearner(m, change.in)) return notAMember(change.in);
  const parked = without(m.parked, change.in);
  return planVoters(raft, leader, m, {
    voters: m.voters.map((id) => (id === out ? change.in : id)),
    learners: without(m.learners, change.in),
    learnersNext: keep ? [out] : [],
    parked: keep ? [...parked, out] : parked,
  });
}

type Target = Pick<Membership, 'voters' | 'learners' | 'learnersNext' | 'parked'>;

/** The joint step to `target`, if those it will depend on are there to be depended on. */
function planVoters(raft: RaftState, leader: Leader, m: Membership, target: Target): Plan {
  if (target.voters.length === 0) return refused('lastVoter', 'a cluster keeps one voter');
  if (!target.voters.includes(raft.id)) {
    return refused('leaderLeaves', 'the leader hands over before it leaves');
  }
  // With two voters both have to answer from now on: one that has just died would stop the cluster,
  // and the change with it, half made.
  const depended = target.voters.filter(
    (id) => target.voters.length === 2 || !m.voters.includes(id),
  );
  for (const id of depended) {
    if (id !== raft.id && !isReady(raft, leader, id)) {
      return refused('notCaughtUp', `${id} is silent or behind`);
    }
  }
  // Else the change would begin and never end: the joint step needs a majority of the new voters too.
  const answers = (id: NodeId) => id === raft.id || isAnswering(raft, leader, id);
  if (!hasQuorum({ ...m, voters: target.voters, outgoing: null }, answers)) {
    return refused('notCaughtUp', 'too few of the voters that would remain answer');
  }
  return append({ ...target, outgoing: m.voters, addresses: m.addresses });
}

function isAnswering(raft: RaftState, leader: Leader, id: NodeId): boolean {
  const progress = leader.progress.get(id);
  return progress !== undefined && isHeard(progress, raft.options.electionTimeoutTicks);
}

function isReady(raft: RaftState, leader: Leader, id: NodeId): boolean {
  const progress = leader.progress.get(id);
  return progress !== undefined && isCaughtUp(progress, raft.options.electionTimeoutTicks);
}

const notAMember = (id: NodeId): Plan => refused('notAMember', `${id} is not such a member`);
const without = (ids: readonly NodeId[], id: NodeId): NodeId[] => ids.filter((it) => it !== id);

// --- making it so -------------------------------------------------------------------------------

function appendMembership(raft: RaftState, membership: Membership, time: Entry['time']): Entry {
  assert(raft.role.kind === 'leader', 'only a leader changes members');
  assert(isEstablished(raft), 'R11: a change follows a commit of the own term');
  assert(effective(raft).at.index <= raft.commitIndex, 'R10: one uncommitted membership at most');
  const entry = appendAsLeader(raft, { kind: 'membership', membership }, time);
  syncProgress(raft, raft.role);
  // The quorum just changed, and with it what is committed.
  commitByCounting(raft, raft.role);
  return entry;
}

/**
 * Takes a change to its next stage, whoever began it: the final entry once the joint one is committed
 * (camunda#60086: not before), and out of office once a committed membership does without this node.
 */
export function settleMembership(raft: RaftState): void {
  if (raft.role.kind !== 'leader') return;
  const { at, membership } = effective(raft);
  if (at.index > raft.commitIndex) return;
  if (isJoint(membership)) {
    // A hand-over under way must not find a longer log than it was promised.
    if (raft.transfer !== null || !isEstablished(raft)) return;
    appendMembership(raft, finalOf(membership), raft.log.lastTime);
  } else if (!isVoter(committedMembership(raft).membership, raft.id)) {
    // It led only to bring its own removal to an end (thesis 4.2.2).
    becomeFollower(raft, raft.term, null);
  }
}
