import {
  isMember,
  type Lineage,
  type LogIndex,
  type Membership,
  type NodeId,
  type Term,
} from '../base/index.ts';
import type { Clock, Logger } from '../ports/index.ts';
import type { Notice, Position, RaftView } from '../raft/index.ts';
import type { TreeState } from '../tree/index.ts';
import type { Tallies } from './counts.ts';
import type { LeaderClock } from './leader-clock.ts';
import type { Liveness } from './liveness.ts';
import type { MembershipChanges } from './membership-changes.ts';
import type { NodeEvents } from './options.ts';
import type { Peers } from './peers.ts';
import type { Writes } from './writes.ts';

export type NewsParts = {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: NodeEvents;
  readonly liveness: Liveness;
  readonly leaderClock: LeaderClock;
  readonly peers: Peers;
  readonly changes: MembershipChanges;
  readonly writes: Writes;
  readonly view: () => RaftView;
  readonly state: () => TreeState;
  /** What this node starts with. */
  readonly membership: Membership;
  readonly tallies: Tallies;
  /** The last index its log held at the start. */
  readonly recoveredThrough: LogIndex;
};

/** What core and tree report, and who in this node, or above it, has to know. */
export class News {
  readonly #parts: NewsParts;
  #lineage: Lineage | null = null;
  #lineageText = '';
  #voters = '';
  #leader: NodeId | null = null;

  constructor(parts: NewsParts) {
    this.#parts = parts;
    if (parts.membership.voters.length > 0) this.#voters = votersText(parts.membership);
  }

  notice(notice: Notice): void {
    switch (notice.kind) {
      case 'role':
        this.#roleChanged(notice);
        break;
      case 'membership':
        this.membersAre(notice.membership);
        break;
      case 'toldRemoved':
        this.#parts.events.toldRemoved(notice.by, notice.membershipAt);
        break;
      case 'givenUp':
        this.#doubtGivenUp(notice);
        break;
      case 'aloneInDoubt':
        this.#aloneInDoubt(notice.suspect);
        break;
    }
  }

  /** In force from the moment its entry is appended (R10). */
  membersAre({ addresses }: Membership): void {
    const { peers, liveness, clock } = this.#parts;
    const nowMs = clock.now();
    peers.set(addresses, nowMs);
    liveness.know(peers.ids(), nowMs);
  }

  /** The first entry of `term` is applied; for the leader of that term, its own no-op. */
  termApplied(term: Term): void {
    const { writes, view } = this.#parts;
    writes.termApplied(term);
    if (view().role === 'leader') this.#lead();
  }

  membershipApplied(membership: Membership, at: Position): void {
    const { changes, liveness, writes, peers, clock, logger } = this.#parts;
    changes.applied(membership, at);
    const isKnown = (id: NodeId) => isMember(membership, id) || peers.isPeer(id);
    liveness.forget(isKnown);
    writes.forget(isKnown);
    const { voters, outgoing, learners } = membership;
    const text = votersText(membership);
    if (text === this.#voters) return;
    if (this.#voters !== '') liveness.votersChanged(clock.now());
    this.#voters = text;
    const joint = outgoing !== null;
    const fields = { voters, learners, joint, index: at.index };
    // What the log held at the start is applied again: the past is no news.
    if (joint || at.index <= this.#parts.recoveredThrough) logger.debug(fields, 'voters changed');
    else logger.info(fields, 'voters changed');
  }

  /** The tree says which cluster this is; told once, or again if a snapshot says otherwise. */
  lineageIs(lineage: Lineage | null, name: string): void {
    if (lineage === null || lineage === this.#lineage) return;
    this.#lineage = lineage;
    const text = `${lineage.clusterId} ${lineage.epoch} ${lineage.epochId}`;
    if (text === this.#lineageText) return;
    this.#lineageText = text;
    this.#parts.events.lineageKnown(lineage, name);
  }

  #roleChanged({ role, term, leader }: Notice & { kind: 'role' }): void {
    const { liveness, leaderClock, changes, clock, logger, tallies } = this.#parts;
    if (role === 'candidate') tallies.elections += 1;
    if (leader !== null && leader !== this.#leader) {
      this.#leader = leader;
      tallies.leaderChanges += 1;
    }
    liveness.leading(role === 'leader', clock.now());
    if (role === 'leader') {
      this.#lead();
    } else {
      leaderClock.follow();
      changes.transfersEnded('no more');
    }
    const isSettled = role === 'leader' || (role === 'follower' && leader !== null);
    if (isSettled) logger.info({ role, term, leader }, 'role changed');
    else logger.debug({ role, term, leader }, 'role changed');
  }

  #doubtGivenUp({ after, through, neverHeld }: Notice & { kind: 'givenUp' }): void {
    const { logger } = this.#parts;
    const fields = {
      lastIndex: after.index,
      lastTerm: after.term,
      suspectIndex: through.index,
      suspectTerm: through.term,
    };
    if (neverHeld) {
      logger.info(fields, 'doubt given up: a quorum never held what is lost here');
    } else {
      logger.error(
        fields,
        'doubt given up: no voter can show what may have followed this log. Power cuts tear what nobody was promised; if disks rotted, acknowledged writes are lost',
      );
    }
  }

  #aloneInDoubt({ index, term }: Position): void {
    this.#parts.logger.error(
      { suspectIndex: index, suspectTerm: term },
      'not serving: this node is the only voter it knows, and its log is damaged. Start the other voters, if there are any; else stop it and put back a copy of its data folder (docs/raft.md, "A lone voter")',
    );
  }

  #lead(): void {
    const { leaderClock, liveness, clock, state } = this.#parts;
    leaderClock.lead(state().clusterTime, liveness.awakeMs(clock.now()));
  }
}

const votersText = ({ voters, outgoing }: Membership): string =>
  `${voters.join()}/${outgoing?.join() ?? ''}`;
