// A cluster without consensus whose state is the real tree's, and nodes that lose what they were told.
import {
  bootNumber,
  ClusterError,
  clusterId,
  type ErrorCode,
  errorCodes,
  type LeaseId,
  leaseId,
  logIndex,
  must,
  nodeId,
  noSession,
  noTime,
  prng,
  revision,
  term,
  textOf,
} from '../../src/base/index.ts';
import { Client, type ClientOptions } from '../../src/client/index.ts';
import { type Path, sequencePath } from '../../src/paths/index.ts';
import type { Dial } from '../../src/ports/index.ts';
import {
  decodeClientHello,
  decodeRequests,
  encodeReplies,
  encodeServerHello,
  type NativeReply,
  type NativeRequest,
} from '../../src/protocol/client/index.ts';
import {
  apply,
  type Command,
  type CommandEnvelope,
  emptyTree,
  leaseKey,
  type Operation,
  type Reply,
  sessionsVersion,
  type TreeState,
} from '../../src/tree/index.ts';
import { FakeClock, socketTo } from './world.ts';

const origin = { node: nodeId('A'.repeat(16)), boot: bootNumber(1), n: 1 };

type WriteRequest = Extract<NativeRequest, { session: unknown }>;

/** What becomes of one copy of a request. */
export type Fate =
  | 'answer'
  /** Taken and done; nobody is told. */
  | 'mute'
  /** Done; then the connection breaks, or it breaks first. */
  | 'cutAfter'
  | 'cutBefore'
  /** Taken; done only when `late()` is called. The connection breaks, or stays and is silent. */
  | 'cutLater'
  | 'muteLater'
  /** Done at once, and answered when `answerLate()` is called. */
  | 'slow'
  /** Proposed twice by the node; one answer. */
  | 'twice'
  /** Done or not, the node says that it does not know. */
  | 'unknownDone'
  | 'unknownUndone'
  /** Certainly not done. */
  | 'noLeader'
  | 'overloaded';

export class TreeCluster {
  state: TreeState = { ...emptyTree(), behaviourVersion: sessionsVersion };
  readonly nodes: TreeNode[] = [];
  readonly #late: (() => void)[] = [];

  node(address: string): TreeNode {
    const node = new TreeNode(this, address, this.nodes.length);
    this.nodes.push(node);
    return node;
  }

  run(request: WriteRequest): Reply {
    const { ackedBelow, seq, session } = request;
    const command = commandOf(request);
    return this.#apply({ origin, session, seq, ackedBelow, command });
  }

  later(request: WriteRequest): void {
    this.#late.push(() => this.run(request));
  }

  /** What was taken and not done is done now. */
  late(): void {
    for (const run of this.#late.splice(0)) run();
  }

  /** Every lease ends, and every session. */
  forget(): void {
    const ids = [...this.state.leases.entries()].map(([, lease]) => lease.id);
    for (const lease of ids) this.#alone({ kind: 'revoke', lease });
  }

  textAt(path: string): string | null {
    const file = this.state.files.get(path as Path);
    return file === undefined ? null : textOf(file.body);
  }

  #alone(command: Command): Reply {
    return this.#apply({ origin, session: noSession, seq: 0, ackedBelow: 0, command });
  }

  #apply(envelope: CommandEnvelope): Reply {
    const index = logIndex(this.state.appliedIndex + 1);
    const body = { kind: 'command', envelope } as const;
    const { reply, state } = apply(this.state, { index, term: term(1), time: noTime, body });
    this.state = state;
    return must(reply, 'a command has a reply');
  }
}

type Connection = {
  readonly send: (bytes: Uint8Array) => void;
  readonly close: (reason: string) => void;
};

export class TreeNode {
  readonly cluster: TreeCluster;
  readonly address: string;
  readonly id;
  up = true;
  version: 1 | 2 | 3 = 3;
  /** What becomes of each copy, as it comes. */
  fate: (request: NativeRequest) => Fate = () => 'answer';
  readonly requests: NativeRequest[] = [];
  readonly open = new Set<Connection>();
  readonly #slow: (() => void)[] = [];

  constructor(cluster: TreeCluster, address: string, i: number) {
    this.cluster = cluster;
    this.address = address;
    this.id = nodeId(`NODE${'ABCDEFGH'[i]}`.padEnd(16, 'X'));
  }

  of<Kind extends NativeRequest['kind']>(kind: Kind): Extract<NativeRequest, { kind: Kind }>[] {
    return this.requests.filter(
      (r): r is Extract<NativeRequest, { kind: Kind }> => r.kind === kind,
    );
  }

  answerLate(): void {
    for (const say of this.#slow.splice(0)) say();
  }

  cut(): void {
    for (const connection of [...this.open]) this.#cut(connection);
  }

  connect(connection: Connection): { received: (bytes: Uint8Array) => void; gone: () => void } {
    this.open.add(connection);
    let greeted = false;
    return {
      gone: () => this.open.delete(connection),
      received: (bytes) => {
        if (!this.open.has(connection)) return;
        if (!greeted) {
          greeted = true;
          connection.send(this.#welcome(bytes));
          return;
        }
        for (const request of decodeRequests(bytes)) {
          if (!this.open.has(connection)) return;
          this.requests.push(request);
          this.#handle(connection, request);
        }
      },
    };
  }

  #cut(connection: Connection): void {
    this.open.delete(connection);
    connection.close('connection reset');
  }

  #handle(connection: Connection, request: NativeRequest): void {
    const fate = this.fate(request);
    const say = (reply: NativeReply): void => connection.send(encodeReplies([reply]));
    switch (fate) {
      case 'answer':
        return say(this.#done(request));
      case 'slow': {
        const reply = this.#done(request);
        this.#slow.push(() => say(reply));
        return;
      }
      case 'mute':
        return void this.#done(request);
      case 'cutAfter':
        this.#done(request);
        return this.#cut(connection);
      case 'cutBefore':
        return this.#cut(connection);
      case 'cutLater':
        if ('session' in request) this.cluster.later(request);
        return this.#cut(connection);
      case 'muteLater':
        if ('session' in request) this.cluster.later(request);
        return;
      case 'twice':
        this.#done(request);
        return say(this.#done(request));
      case 'unknownDone':
        this.#done(request);
        return say(errorReply(request.tag, 'ERR_OUTCOME_UNKNOWN'));
      case 'unknownUndone':
        return say(errorReply(request.tag, 'ERR_OUTCOME_UNKNOWN'));
      case 'noLeader':
        return say(errorReply(request.tag, 'ERR_NO_LEADER'));
      case 'overloaded':
        return say(errorReply(request.tag, 'ERR_OVERLOADED'));
    }
  }

  #welcome(bytes: Uint8Array): Uint8Array {
    const { version } = decodeClientHello(bytes);
    return encodeServerHello({
      kind: 'welcome',
      version: Math.min(version, this.version),
      clusterName: 'local',
      clusterId: clusterId('A'.repeat(16)),
      epoch: 1,
      nodeId: this.id,
      boot: bootNumber(1),
      leaderAddress: null,
      members: this.cluster.nodes.map(({ address, id }) => ({ id, address })),
    });
  }

  #done(request: NativeRequest): NativeReply {
    const { tag } = request;
    const { state } = this.cluster;
    if ('session' in request) return replyOf(request, this.cluster.run(request));
    const at = revision(state.revision);
    switch (request.kind) {
      case 'get': {
        const file = state.files.get(request.path as Path);
        return {
          kind: 'value',
          tag,
          at,
          revision: revision(file?.changed ?? 0),
          body: file?.body ?? new Uint8Array(),
          created: revision(file?.created ?? 0),
          lease: leaseId(file?.lease ?? 0),
          ageMs: request.least === null ? null : 7,
        };
      }
      case 'rev':
        return { kind: 'revision', tag, revision: at };
      case 'ping':
        return { kind: 'pong', tag };
      case 'keepAlive': {
        const lengthOf = (id: LeaseId) => state.leases.get(leaseKey(id))?.lengthMs ?? 0;
        return { kind: 'leases', tag, leftMs: request.leases.map(lengthOf) };
      }
      default:
        return errorReply(tag, 'ERR_UNKNOWN_VERB');
    }
  }
}

function commandOf(request: WriteRequest): Command {
  switch (request.kind) {
    case 'set':
      return { ...request, path: request.path as Path, guard: request.rev };
    case 'delete':
    case 'count':
      return { ...request, path: request.path as Path, guard: request.rev };
    case 'transact': {
      const { compares, ifFalse, ifTrue } = request;
      const done = (some: typeof ifTrue) =>
        some.map((one) => ('rev' in one ? { ...one, guard: one.rev } : one) as Operation);
      return {
        kind: 'transaction',
        compares: compares.map((one) => ({ ...one, path: one.path as Path })),
        ifTrue: done(ifTrue),
        ifFalse: done(ifFalse),
      };
    }
    default:
      return request;
  }
}

function replyOf(request: WriteRequest, reply: Reply): NativeReply {
  const { tag } = request;
  switch (reply.kind) {
    case 'applied':
      if (request.kind !== 'create') return { ...reply, kind: 'revision', tag };
      return { ...reply, kind: 'created', tag, path: sequencePath(request.prefix, reply.revision) };
    case 'counted':
      return { ...reply, tag };
    case 'granted': {
      const lengthMs = request.kind === 'grant' ? request.lengthMs : 0;
      return { kind: 'lease', tag, lease: reply.lease, lengthMs, leftMs: lengthMs };
    }
    case 'decided':
      return {
        ...reply,
        tag,
        results: reply.results.map((result) => {
          if (result.kind !== 'read' || result.file === null) return result as never;
          const { changed, ...file } = result.file;
          return { kind: 'read', file: { ...file, revision: changed } };
        }),
      };
    case 'refused':
      return { ...errorReply(tag, reply.code), ...reply, kind: 'error', tag };
  }
}

const errorReply = (tag: number, code: ErrorCode): Extract<NativeReply, { kind: 'error' }> => ({
  kind: 'error',
  tag,
  code,
  detail: '',
  effect: errorCodes[code].effect,
  leaderAddress: null,
  oldest: null,
  revision: null,
});

/** Such a cluster, and clients of it over made-up sockets and time. */
export class TreeWorld {
  readonly clock = new FakeClock();
  readonly cluster = new TreeCluster();
  readonly nodes: readonly TreeNode[];
  /** Connections that were tried. */
  dialled = 0;

  constructor(count = 2) {
    this.nodes = Array.from({ length: count }, (_, i) => this.cluster.node(`n${i + 1}:1`));
  }

  client(options: Partial<ClientOptions> = {}, seed = 1): Client {
    const parts = { clock: this.clock, dial: this.dial, prng: prng(seed) };
    return new Client(parts, { addresses: this.nodes.map(({ address }) => address), ...options });
  }

  /** All copies of requests of a kind, whichever node they came to. */
  of<Kind extends NativeRequest['kind']>(kind: Kind): Extract<NativeRequest, { kind: Kind }>[] {
    return this.nodes.flatMap((node) => node.of(kind));
  }

  /** What becomes of each copy of such a request, in the order in which they come; then they are answered. */
  fates(kind: NativeRequest['kind'], ...fates: Fate[]): void {
    for (const node of this.nodes) {
      node.fate = (request) => (request.kind === kind && fates.shift()) || 'answer';
    }
  }

  readonly dial: Dial = {
    connect: async (address) => {
      this.dialled += 1;
      const node = this.nodes.find((known) => known.address === address);
      if (node?.up !== true) {
        throw new ClusterError('ERR_UNREACHABLE', `Cannot reach ${address}: connection refused`);
      }
      return socketTo(node);
    },
  };
}
