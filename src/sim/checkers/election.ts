import type { NodeId } from '../../base/index.ts';
import type { NodeStatus } from '../../node/index.ts';
import type { PeerFrame } from '../../protocol/index.ts';
import type { Message } from '../../raft/index.ts';
import { type LifeName, Violation } from '../witness.ts';
import type { Cluster } from './cluster.ts';
import type { Counts } from './counts.ts';
import { configOf, placeText } from './ledger.ts';
import type { NodeLog } from './node-log.ts';

/**
 * `election`: a term has one leader (R4), it holds whatever was committed in earlier terms (R7), and it
 * leads no more once it votes no more.
 * `vote`: one vote a term, over all boots (R3). `promise`: a vote, a candidature, an acknowledgement
 * leaves only after what it promises is durable (R8).
 */
export class Elections {
  readonly #cluster: Cluster;
  readonly #counts: Counts;
  /** By term. */
  readonly #leaders: (NodeId | undefined)[] = [];

  constructor(cluster: Cluster, counts: Counts) {
    this.#cluster = cluster;
    this.#counts = counts;
  }

  status(node: NodeLog, { raft }: NodeStatus): void {
    if (raft.term > node.term) node.term = raft.term;
    if (raft.role !== 'leader') {
      node.leadsIn = null;
      return;
    }
    this.#leads(node.id, raft.term, 'says that it leads');
    if (node.leadsIn === raft.term) return;
    node.leadsIn = raft.term;
    this.checkComplete(node);
  }

  /** A leader's log holds everything that was committed before its term. */
  checkComplete(node: NodeLog): void {
    const term = node.leadsIn;
    if (term === null || node.term > term) return;
    const index = this.#cluster.committedBefore(term);
    const made = this.#cluster.committed[index];
    if (made === undefined || node.holds(made)) return;
    const there = node.at(index);
    throw new Violation(
      'election',
      `${node.id} leads in term ${term} without ${placeText(made)}, which was committed before; ${
        there === null
          ? `its log ends at ${placeText(node.tip)}`
          : `it holds ${placeText(there)} there`
      }`,
    );
  }

  /** More was committed: whoever leads in a later term must have it. */
  checkLeaders(): void {
    for (const node of this.#cluster.nodes.values()) {
      if (node.alive && node.leadsIn !== null) this.checkComplete(node);
    }
  }

  sent(node: NodeLog, life: LifeName, to: NodeId, { messages }: PeerFrame): void {
    for (const message of messages) this.#message(node, life, to, message);
  }

  #message(node: NodeLog, life: LifeName, to: NodeId, message: Message): void {
    switch (message.kind) {
      case 'appendRequest':
      case 'heartbeat':
      case 'snapshot':
      case 'timeoutNow':
        if (message.kind === 'heartbeat') this.#checkOffice(node, message.term);
        if (message.kind === 'heartbeat' || message.kind === 'appendRequest')
          this.#checkCommit(node, message);
        if (this.#leaders[message.term] === life.node) return;
        this.#leads(life.node, message.term, `sends "${message.kind}"`);
        return;
      case 'voteReply':
        if (!message.granted) return;
        this.#counts.votes++;
        node.vote(message.term, to);
        this.#checkVote(node, message.term, to, `grants ${to} its vote`);
        return;
      case 'voteRequest':
        node.vote(message.term, life.node);
        this.#checkVote(node, message.term, life.node, 'asks for votes');
        return;
      case 'appendReply':
        this.#checkMatched(node, to, message.term, message.matched);
        return;
      default:
        return;
    }
  }

  /** Entries of earlier terms are committed with one of the leader's own, never by counting (Raft 5.4.2). */
  #checkCommit(
    node: NodeLog,
    { kind, term, commit }: { kind: string; term: number; commit: number },
  ): void {
    if (commit <= this.#cluster.committable()) return;
    this.#cluster.recount();
    const committable = this.#cluster.committable();
    if (commit <= committable) return;
    throw new Violation(
      'quorum',
      `${node.id} sends "${kind}" in term ${term} with commit index ${commit}: up to ${committable} a majority held an entry of the term of a leader in office`,
    );
  }

  #leads(id: NodeId, term: number, how: string): void {
    const leader = this.#leaders[term];
    if (leader === undefined) {
      this.#leaders[term] = id;
      this.#counts.elections++;
    } else if (leader !== id) {
      throw new Violation('election', `${id} ${how} in term ${term}, which ${leader} leads`);
    }
  }

  /** Whoever has applied that it votes no more leads no more (thesis 4.2.2). */
  #checkOffice(node: NodeLog, term: number): void {
    const { config } = this.#cluster;
    const membership = config?.membership ?? null;
    if (config === null || membership === null || membership.outgoing !== null) return;
    if (node.applied < config.index || membership.voters.includes(node.id)) return;
    // It may be one by a change that is under way: in force, and not committed yet.
    const own = configOf(node.tip)?.membership ?? null;
    if (own?.voters.includes(node.id) === true || own?.outgoing?.includes(node.id) === true) return;
    throw new Violation(
      'election',
      `${node.id} sends heartbeats in term ${term}, and has applied ${placeText(config)}, by which it is no voter`,
    );
  }

  #checkVote(node: NodeLog, term: number, candidate: NodeId, what: string): void {
    const { durableTerm, durableVote } = node;
    if (durableTerm > term) return;
    if (durableTerm === term && (durableVote === candidate || durableVote === 'any')) return;
    throw new Violation(
      'promise',
      `${node.id} ${what} in term ${term}, and has durable term ${durableTerm}, vote ${durableVote ?? 'none'}`,
    );
  }

  #checkMatched(node: NodeLog, to: NodeId, term: number, matched: number): void {
    const { durable } = node;
    if (node.durableTerm < term) {
      throw new Violation(
        'promise',
        `${node.id} acknowledges ${matched} to ${to} in term ${term}, and has durable term ${node.durableTerm}`,
      );
    }
    if (matched > durable.index) {
      throw new Violation(
        'promise',
        `${node.id} acknowledges ${matched} to ${to} in term ${term}, and its log is durable to ${placeText(durable)}`,
      );
    }
    const leader = this.#cluster.nodes.get(to);
    if (leader?.leadsIn !== term || !leader.alive || leader.term !== term) return;
    const [mine, theirs] = [node.at(matched), leader.at(matched)];
    if (mine !== null && theirs !== null && mine !== theirs) {
      throw new Violation(
        'promise',
        `${node.id} acknowledges ${matched} to ${to} in term ${term}, where it holds ${placeText(mine)} and the leader ${placeText(theirs)}`,
      );
    }
  }
}
