import type { Lineage, LogIndex, LogLevel, NodeId } from '../base/index.ts';
import type { LogPosition, MemberChange, NodeHome, NodeReport } from '../protocol/client/index.ts';
import { type Caller, isKind, type Reply } from './caller.ts';
import type { Keeper } from './keeper.ts';
import type { CallOptions, Health, Members } from './types.ts';

/** A node that wants to be taken in. */
export type Joiner = {
  readonly nodeId: NodeId;
  readonly address: string;
  readonly clusterName: string;
  readonly lineage: Lineage | null;
  /** The log index of the membership the asker knows; `null`: of none. */
  readonly seenAt: LogIndex | null;
};

/** Everything that concerns nodes and who belongs to the cluster. */
export class Nodes {
  readonly #caller: Caller;
  readonly #keeper: Keeper;

  constructor(caller: Caller, keeper: Keeper) {
    this.#caller = caller;
    this.#keeper = keeper;
  }

  async self(options: CallOptions): Promise<NodeId> {
    const reply = await this.#caller.call('read', {
      action: 'Cannot ask for the id',
      options,
      request: (tag) => ({ kind: 'self', tag }),
      read: isKind('self'),
    });
    return reply.nodeId;
  }

  async status(options: CallOptions): Promise<NodeReport> {
    const reply = await this.#caller.call('read', {
      action: 'Cannot ask for the status',
      options,
      request: (tag) => ({ kind: 'status', tag }),
      read: isKind('status'),
    });
    return reply.report;
  }

  async health(options: CallOptions): Promise<Health> {
    const { report, health } = await this.#caller.call('read', {
      action: 'Cannot ask for the health',
      options,
      request: (tag) => ({ kind: 'health', tag }),
      read: isKind('health'),
    });
    return { ...report, ...health };
  }

  async logLevel(level: LogLevel | null, options: CallOptions): Promise<LogLevel> {
    const reply = await this.#caller.call('repeat', {
      action: 'Cannot change the log level',
      options,
      request: (tag) => ({ kind: 'logLevel', tag, level }),
      read: isKind('logLevel'),
    });
    return reply.level;
  }

  async transfer(to: NodeId | null, options: CallOptions): Promise<Members> {
    const reply = await this.#caller.call('once', {
      action: 'Cannot hand leadership over',
      options,
      request: (tag) => ({ kind: 'transfer', tag, to }),
      read: isKind('members'),
    });
    return this.#membersOf(reply);
  }

  async home(options: CallOptions): Promise<NodeHome> {
    const reply = await this.#caller.call('read', {
      action: 'Cannot ask which cluster the node belongs to',
      options,
      request: (tag) => ({ kind: 'home', tag }),
      read: isKind('home'),
    });
    return reply.home;
  }

  async members(options: CallOptions): Promise<Members> {
    const reply = await this.#caller.call('read', {
      action: 'Cannot ask for the members',
      options,
      request: (tag) => ({ kind: 'members', tag }),
      read: isKind('members'),
    });
    return this.#membersOf(reply);
  }

  async join(node: Joiner, options: CallOptions): Promise<Members> {
    const { seenAt: membershipIndexSeen, ...asker } = node;
    const reply = await this.#caller.call('repeat', {
      action: `Cannot attach ${node.nodeId}`,
      options,
      request: (tag) => ({ kind: 'join', tag, ...asker, membershipIndexSeen }),
      read: isKind('members'),
    });
    return this.#membersOf(reply);
  }

  async change(
    change: MemberChange,
    ifAt: LogPosition | null,
    options: CallOptions,
  ): Promise<Members> {
    const reply = await this.#caller.call('once', {
      action: `Cannot ${change.kind === 'setAddress' ? 'readdress' : change.kind} a member`,
      options,
      request: (tag) => ({ kind: 'change', tag, change, ifMembershipAt: ifAt }),
      read: isKind('members'),
    });
    return this.#membersOf(reply);
  }

  #membersOf({ clusterName, lineage, membership, membershipAt }: Reply<'members'>): Members {
    this.#keeper.learn([...membership.addresses.values()]);
    return { clusterName, lineage, membership, membershipAt };
  }
}
