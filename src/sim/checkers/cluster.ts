import { type Membership, must, type NodeId } from '../../base/index.ts';
import { Violation } from '../witness.ts';
import { configOf, Ledger, type Made, placeText } from './ledger.ts';
import { NodeLog } from './node-log.ts';

/** Nodes that can be told apart by a bit. Beyond, a node is taken to hold everything. */
const bitsMax = 30;

/** What is known of all nodes together: their logs, and what is committed. */
export class Cluster {
  readonly ledger = new Ledger();
  readonly nodes = new Map<NodeId, NodeLog>();
  /** The committed log, from its root on. */
  readonly committed: Made[] = [this.ledger.root];
  /** By term: everything through here is known to have been committed in that term or before. */
  readonly #committedBy: number[] = [];
  /** Up to here some leader may have committed: a majority held an entry of its own term while it led. */
  #countable = 0;
  /** The committed membership entry that came last. */
  config: Made | null = null;

  node(id: NodeId): NodeLog {
    let node = this.nodes.get(id);
    if (node === undefined) {
      const bit = this.nodes.size < bitsMax ? 1 << this.nodes.size : 0;
      node = new NodeLog(id, bit, this.ledger.root);
      this.nodes.set(id, node);
    }
    return node;
  }

  get tip(): Made {
    return must(this.committed.at(-1), 'the root is committed');
  }

  get membership(): Membership | null {
    return this.config?.membership ?? null;
  }

  /** The highest index that was committed in a term before `term`. */
  committedBefore(term: number): number {
    let most = 0;
    const upto = Math.min(term, this.#committedBy.length);
    for (let t = 0; t < upto; t++) most = Math.max(most, this.#committedBy[t] ?? 0);
    return most;
  }

  /** Everything up to here is or may be committed; beyond, whoever calls it so has counted wrongly. */
  committable(): number {
    return Math.max(this.#countable, this.tip.index);
  }

  /** A leader appended a membership, and counts by it what was durable before. */
  recount(): void {
    for (const node of this.nodes.values()) this.held(node);
  }

  /** `node` has made more durable: with it the leader of that term may have a majority. */
  held({ durable }: NodeLog): void {
    const { index, term } = durable;
    if (index <= this.#countable) return;
    const leader = this.#leaderIn(term);
    if (leader === null || !leader.holds(durable)) return;
    for (let at: Made | null = durable; at !== null && at.term === term; at = at.previous) {
      if (at.index <= this.#countable) return;
      if (!this.isHeld(at, leader.tip) && !this.#isHeldByNext(at, leader)) continue;
      this.#countable = at.index;
      return;
    }
  }

  /** With the joint membership committed the leader appends the final one, and counts by it before it saves it. */
  #isHeldByNext(made: Made, { tip }: NodeLog): boolean {
    const membership = configOf(tip)?.membership ?? null;
    if (membership === null || membership.outgoing === null) return false;
    return this.isHeldBy(made, { ...membership, outgoing: null });
  }

  #leaderIn(term: number): NodeLog | null {
    for (const node of this.nodes.values()) {
      if (node.alive && node.leadsIn === term && node.term === term) return node;
    }
    return null;
  }

  /** `node` has applied everything through `made`. @returns the entries nobody had applied before. */
  commit(node: NodeLog, made: Made): Made[] {
    const { tip, committed } = this;
    const by = this.#committedBy;
    if (made.index > (by[node.term] ?? 0)) by[node.term] = made.index;
    if (made.index <= tip.index) {
      const other = committed[made.index];
      if (other !== made) {
        throw new Violation(
          'stateMachine',
          `${node.id} applied ${placeText(made)}, others ${placeText(other ?? tip)}`,
        );
      }
      return [];
    }
    const fresh: Made[] = [];
    let at: Made | null = made;
    for (; at !== null && at.index > tip.index; at = at.previous) fresh.push(at);
    if (at !== tip) {
      throw new Violation(
        'stateMachine',
        `${node.id} applied ${placeText(made)}, whose log does not hold ${placeText(tip)}, which others applied`,
      );
    }
    fresh.reverse();
    for (const one of fresh) {
      committed.push(one);
      if (one.membership !== null) this.config = one;
    }
    return fresh;
  }

  /** Whether a majority (while joint, two) of `membership` had `made` durable at some time. */
  isHeldBy(made: Made, { voters, outgoing }: Membership): boolean {
    return (
      this.#isMajority(made, voters) && (outgoing === null || this.#isMajority(made, outgoing))
    );
  }

  /** Whether one of the memberships that were in force between `made` and `upto` held `made`. */
  isHeld(made: Made, upto: Made): boolean {
    const oldest = configOf(made);
    for (let config = configOf(upto); config !== null; ) {
      if (config.membership !== null && this.isHeldBy(made, config.membership)) return true;
      if (config === oldest || config.previous === null) return false;
      config = configOf(config.previous);
    }
    return oldest === null;
  }

  /** The voters of each membership that may be in force, in both halves of a joint one. */
  votersInForce(): (readonly NodeId[])[] {
    const lists: (readonly NodeId[])[] = [];
    const add = ({ voters, outgoing }: Membership): void => {
      lists.push(voters);
      if (outgoing !== null) lists.push(outgoing);
    };
    if (this.membership !== null) add(this.membership);
    for (const { tip } of this.nodes.values()) {
      for (let at: Made | null = configOf(tip); at !== null; ) {
        if (at.index <= this.tip.index && this.committed[at.index] === at) break;
        if (at.membership !== null) add(at.membership);
        at = at.previous === null ? null : configOf(at.previous);
      }
    }
    return lists;
  }

  /** Whether each membership that may be in force keeps its majorities when these nodes are gone. */
  hasQuorumWithout(gone: ReadonlySet<NodeId>): boolean {
    const lists = this.votersInForce();
    return lists.length > 0 && lists.every((voters) => stays(voters, gone));
  }

  /** Who holds `made`, for the text of a violation. */
  holdersText(made: Made): string {
    const ids = [...this.nodes.values()].filter((node) => node.held(made)).map(({ id }) => id);
    return ids.length === 0 ? 'nobody' : ids.join(', ');
  }

  #isMajority(made: Made, voters: readonly NodeId[]): boolean {
    let count = 0;
    for (const id of voters) {
      if (this.nodes.get(id)?.held(made) === true) count++;
    }
    return count * 2 > voters.length;
  }
}

const stays = (voters: readonly NodeId[], gone: ReadonlySet<NodeId>): boolean =>
  voters.filter((id) => !gone.has(id)).length * 2 > voters.length;
