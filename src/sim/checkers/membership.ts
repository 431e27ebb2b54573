import { limits, type Membership, membersOf, type NodeId } from '../../base/index.ts';
import { Violation } from '../witness.ts';
import type { Cluster } from './cluster.ts';
import type { Counts } from './counts.ts';
import { configOf, type Made, placeText } from './ledger.ts';
import type { NodeLog } from './node-log.ts';

export type MembershipRules = {
  /** The steward makes no cluster smaller than this. */
  readonly minVoters: number;
  /** An operator asked for a smaller one. */
  readonly operatorShrinks: () => boolean;
  /** Nothing ever came between this node and the others. */
  readonly isAlwaysThere: (id: NodeId) => boolean;
};

/** Two steps back: a joint membership lies between. */
const textOf = ({ voters, outgoing, learners }: Membership): string =>
  `voters ${voters.join(' ')}${outgoing === null ? '' : `, leaving ${outgoing.join(' ')}`}${learners.length === 0 ? '' : `, learners ${learners.join(' ')}`}`;

const sameSet = (a: readonly NodeId[], b: readonly NodeId[]): boolean =>
  a.length === b.length && a.every((id) => b.includes(id));

/**
 * `membership`: quorums of neighbouring memberships meet (each change of voters is joint), one change at a
 * time, by a leader that has committed in its own term (R10, R11); who was removed never comes back; the
 * steward keeps enough voters; nobody sets its data aside who is a member.
 * `quorum`: what was applied anywhere was durable on a majority (while joint, on both) before.
 */
export class Memberships {
  readonly #cluster: Cluster;
  readonly #counts: Counts;
  readonly #rules: MembershipRules;
  /** Whose data was set aside, since it had been removed. One that still attaches may be dropped and come again. */
  readonly #left = new Set<NodeId>();
  /** The last committed one that was final. */
  #final: Membership | null = null;

  constructor(cluster: Cluster, counts: Counts, rules: MembershipRules) {
    this.#cluster = cluster;
    this.#counts = counts;
    this.#rules = rules;
  }

  /** A new membership entry was appended. */
  appended(node: NodeLog, made: Made): void {
    const { membership, previous } = made;
    if (membership === null || previous === null) return;
    this.#checkSizes(node, made, membership);
    const before = configOf(previous);
    if (before === null || before.membership === null) return;
    this.#checkStep(node, made, membership, before.membership);
    this.#checkAdmitted(made, membership, before.membership);
    const { termStart } = made;
    if (termStart === made || !this.#cluster.isHeld(termStart, previous)) {
      throw new Violation(
        'membership',
        `${node.id} appends the membership ${placeText(made)} before anything of term ${made.term} is committed: ${placeText(termStart)} is held by ${this.#cluster.holdersText(termStart)}`,
      );
    }
    if (before.index > termStart.index && !this.#cluster.isHeldBy(before, before.membership)) {
      throw new Violation(
        'membership',
        `${node.id} appends the membership ${placeText(made)} while ${placeText(before)} is not committed: held by ${this.#cluster.holdersText(before)}`,
      );
    }
  }

  /** An entry was applied for the first time, by `node`. */
  committed(node: NodeLog, made: Made): void {
    this.#counts.committed++;
    const { membership } = made;
    if (membership === null) return;
    for (const id of membersOf(membership)) {
      if (!this.#left.has(id)) continue;
      throw new Violation(
        'membership',
        `${id} is a member again at ${placeText(made)}, and was removed and has set its data aside`,
      );
    }
    if (membership.outgoing !== null) return;
    const before = this.#final;
    this.#final = membership;
    if (before !== null) this.#changed(node, made, before, membership);
  }

  /** The log that was applied through `tip` was durable on a majority before. */
  checkQuorum(node: NodeLog, tip: Made): void {
    const upto = node.holds(tip) ? node.tip : tip;
    if (this.#cluster.isHeld(tip, upto)) return;
    // The leader may count by a membership that this node has not heard of.
    for (const other of this.#cluster.nodes.values()) {
      if (other !== node && other.holds(tip) && this.#cluster.isHeld(tip, other.tip)) return;
    }
    throw new Violation(
      'quorum',
      `${node.id} applied ${placeText(tip)}, which is durable only on ${this.#cluster.holdersText(tip)}`,
    );
  }

  setsAside(node: NodeLog): void {
    const { config } = this.#cluster;
    this.#left.add(node.id);
    if (config?.membership?.addresses.has(node.id) !== true) return;
    throw new Violation(
      'membership',
      `${node.id} sets its data aside, and is a member: ${placeText(config)} is ${textOf(config.membership)}`,
    );
  }

  #changed(node: NodeLog, made: Made, before: Membership, after: Membership): void {
    const counts = this.#counts;
    counts.membershipChanges++;
    const was = membersOf(before);
    const is = membersOf(after);
    const gone = was.filter((id) => !is.includes(id));
    const came = after.voters.filter((id) => !before.voters.includes(id));
    const left = before.voters.filter((id) => !after.voters.includes(id));
    for (const id of left) this.#checkSilent(made, id);
    counts.removals += gone.length;
    counts.additions += is.filter((id) => !was.includes(id)).length;
    if (came.length > 0 && left.length > 0) counts.replacements++;
    counts.promotions += came.length;
    counts.demotions += left.filter((id) => is.includes(id)).length;
    if (after.voters.length >= before.voters.length) return;
    counts.shrinks++;
    const { minVoters, operatorShrinks } = this.#rules;
    if (after.voters.length >= minVoters || operatorShrinks()) return;
    throw new Violation(
      'membership',
      `${node.id} applied ${placeText(made)}: ${after.voters.length} voters are left of ${before.voters.length}, nobody asked for it, and ${minVoters} were to stay`,
    );
  }

  /** A stall of the leader counts against it, and not against those it did not hear meanwhile. */
  #checkSilent(made: Made, id: NodeId): void {
    const { operatorShrinks, isAlwaysThere } = this.#rules;
    if (operatorShrinks() || !isAlwaysThere(id)) return;
    throw new Violation(
      'membership',
      `${id} votes no more at ${placeText(made)}: nobody asked for it, and it was there all the time`,
    );
  }

  /** Nobody votes who was never given anything: such a voter may be dead. */
  #checkAdmitted(made: Made, { voters }: Membership, before: Membership): void {
    for (const id of voters) {
      if (before.voters.includes(id)) continue;
      const log = this.#cluster.nodes.get(id);
      if (log !== undefined && (log.everDurable > 0 || log.installed > 0)) continue;
      throw new Violation(
        'membership',
        `${id} is to vote at ${placeText(made)}, and never held anything`,
      );
    }
  }

  #checkStep(node: NodeLog, made: Made, after: Membership, before: Membership): void {
    const { voters, outgoing } = before;
    const fits =
      outgoing === null
        ? sameSet(after.outgoing ?? after.voters, voters)
        : after.outgoing === null && sameSet(after.voters, voters);
    if (fits) return;
    throw new Violation(
      'membership',
      `${node.id} appends ${placeText(made)}: ${textOf(after)}, after ${textOf(before)}: their quorums need not meet`,
    );
  }

  #checkSizes(node: NodeLog, made: Made, { voters, addresses }: Membership): void {
    if (voters.length <= limits.votersMax && addresses.size <= limits.membersMax) return;
    throw new Violation(
      'bounds',
      `${node.id} appends ${placeText(made)} with ${voters.length} voters and ${addresses.size} members`,
    );
  }
}
