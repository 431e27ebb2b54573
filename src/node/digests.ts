import { type BootNumber, isMember, limits, type NodeId } from '../base/index.ts';
import type { Logger } from '../ports/index.ts';
import type { DigestClaim, NodeMessage } from '../protocol/index.ts';
import type { RaftView } from '../raft/index.ts';
import type { TreeState } from '../tree/index.ts';
import { type Condemnation, type Judgement, judge } from './digest-judge.ts';
import { DigestPoints } from './digest-points.ts';

export type DigestsParts = {
  readonly id: NodeId;
  readonly boot: BootNumber;
  readonly logger: Logger;
  readonly view: () => Pick<RaftView, 'role' | 'term' | 'membership'>;
  readonly state: () => TreeState;
};

type DigestMessage = Extract<NodeMessage, { kind: 'digest' }>;

const nothing: Judgement = { condemned: null, outvoted: [], dispute: null };

/** Nodes are heard one after the other: a dispute counts once it has stood for so many beats. */
const disputeBeatsMin = 3;

/**
 * Compares this node's tree with those of the others. Each node says once a beat what its tree held
 * at some indexes, in a frame that leaves anyway; the leader, whom alone followers talk to, hands on
 * what it heard of the voters. So every node holds all the evidence and judges itself: nobody is
 * condemned because a leader says so, and a leader that is wrong finds out like anybody else.
 */
export class Digests {
  readonly #parts: DigestsParts;
  readonly #points = new DigestPoints();
  /** The newest claim of each other member; those of former members go with the next beat. */
  readonly #claims = new Map<NodeId, DigestClaim>();
  /** Who was not told yet in this beat. */
  readonly #due = new Set<NodeId>();
  /** How many claims this node made in this boot. */
  #n = 0;
  #beatAtMs = 0;
  #judgement: Judgement = nothing;
  #disputeBeats = 0;
  #said = '';

  constructor(parts: DigestsParts) {
    this.#parts = parts;
  }

  /** The newest judgement. A dispute is in it only once it has lasted. */
  get judgement(): Judgement {
    const { dispute } = this.#judgement;
    return dispute === null || this.#disputeBeats >= disputeBeatsMin
      ? this.#judgement
      : { ...this.#judgement, dispute: null };
  }

  /** The tree came by an index at which all trees are compared. */
  passed(state: TreeState): void {
    this.#points.passed(state);
  }

  /** The tree is another node's now: what the old one held is nobody's any more. */
  replaced(): void {
    this.#points.clear();
    this.#judgement = nothing;
    this.#disputeBeats = 0;
  }

  arrived(message: DigestMessage): void {
    const { membership } = this.#parts.view();
    for (const claim of message.claims) {
      const { node } = claim;
      if (node === this.#parts.id || !isMember(membership, node)) continue;
      const known = this.#claims.get(node);
      if (known === undefined || isLater(claim, known)) this.#claims.set(node, claim);
    }
  }

  /** What a frame that leaves for `to` should carry besides; `null` when it was told already. */
  tell(to: NodeId): NodeMessage | null {
    if (!this.#due.delete(to)) return null;
    const { term, role, membership } = this.#parts.view();
    const claims = [this.#own()];
    if (role === 'leader') {
      const voters = new Set([...membership.voters, ...(membership.outgoing ?? [])]);
      for (const claim of this.#claims.values()) {
        if (voters.has(claim.node) && claim.node !== to) claims.push(claim);
      }
    }
    return { kind: 'digest', term, claims };
  }

  /** Looks where the tree stands and judges, once in `limits.digestEveryMs`. @returns whether it did. */
  beat(nowMs: number): boolean {
    if (nowMs < this.#beatAtMs) return false;
    this.#beatAtMs = nowMs + limits.digestEveryMs;
    const { membership } = this.#parts.view();
    for (const id of this.#claims.keys()) if (!isMember(membership, id)) this.#claims.delete(id);
    this.#points.look(this.#parts.state());
    this.#n++;
    this.#due.clear();
    for (const id of membership.addresses.keys()) if (id !== this.#parts.id) this.#due.add(id);
    const own = this.#own();
    this.#judgement = judge(this.#parts.id, membership, [own, ...this.#claims.values()]);
    this.#disputeBeats = this.#judgement.dispute === null ? 0 : this.#disputeBeats + 1;
    this.#say();
    return true;
  }

  #own(): DigestClaim {
    const { id, boot } = this.#parts;
    return { node: id, boot, n: this.#n, points: this.#points.all() };
  }

  /** Alarms, once each time the picture changes. What this node does about itself is told elsewhere. */
  #say(): void {
    const { outvoted, dispute } = this.judgement;
    const groups = dispute === null ? [] : [...dispute.groups.values()].map(String).sort();
    const picture = `${outvoted.join()}/${groups.join('|')}`;
    if (picture === this.#said || (this.#said === '' && picture === '/')) return;
    this.#said = picture;
    const { logger } = this.#parts;
    if (dispute !== null) {
      const held = [...dispute.groups].map(([digest, holders]) => `${holders.join()}: ${digest}`);
      logger.error({ index: dispute.index, held }, 'voters differ and no majority agrees');
    } else if (outvoted.length > 0) {
      logger.error({ nodes: outvoted }, 'the state of these nodes differs from that of a majority');
    } else {
      logger.info({}, 'the nodes agree again');
    }
  }
}

const isLater = (a: DigestClaim, b: DigestClaim): boolean =>
  a.boot > b.boot || (a.boot === b.boot && a.n > b.n);

export type { Condemnation };
