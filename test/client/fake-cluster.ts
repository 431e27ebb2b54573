import {
  bootNumber,
  clusterId,
  type ErrorCode,
  errorCodes,
  logIndex,
  type NodeId,
  nodeId,
  revision,
  soleMembership,
  term,
  utf8,
} from '../../src/base/index.ts';
import { compileGlob, parsePath } from '../../src/paths/index.ts';
import {
  decodeClientHello,
  decodeRequests,
  encodeReplies,
  encodeServerHello,
  type NativeEvent,
  type NativeReply,
  type NativeRequest,
} from '../../src/protocol/client/index.ts';
import { readReply } from './fake-reads.ts';

type Files = Map<string, { body: Uint8Array; revision: number }>;
export type Outcome = Omit<Extract<NativeReply, { kind: 'error' }>, 'kind' | 'tag'>;

/** A cluster without consensus: one history that all its nodes show, each as far as it was let. */
export class FakeCluster {
  readonly events: NativeEvent[] = [];
  readonly nodes: FakeNode[] = [];
  name = 'local';
  id = 'A'.repeat(16);
  epoch = 1;
  secret = '';
  /** What is older is forgotten. */
  oldest = 1;

  get revision(): number {
    return this.events.length;
  }

  node(address: string): FakeNode {
    const id = nodeId(`NODE${'ABCDEFGH'[this.nodes.length]}`.padEnd(16, 'X'));
    const node = new FakeNode(this, id, address);
    this.nodes.push(node);
    return node;
  }

  set(path: string, body: string | Uint8Array = ''): number {
    return this.#event('set', path, typeof body === 'string' ? utf8(body) : body);
  }

  delete(path: string): number {
    return this.#event('delete', path, utf8(''));
  }

  nop(): number {
    return this.#event('nop', '/', utf8(''));
  }

  filesAt(at: number): Files {
    const files: Files = new Map();
    for (const event of this.events.slice(0, at)) {
      if (event.kind === 'set') files.set(event.path, event);
      if (event.kind === 'delete') files.delete(event.path);
    }
    return files;
  }

  #event(kind: NativeEvent['kind'], path: string, body: Uint8Array): number {
    this.events.push({
      kind,
      path,
      body,
      revision: revision(this.events.length + 1),
      previous: null,
    });
    for (const node of this.nodes) node.news();
    return this.events.length;
  }
}

type Connection = {
  readonly send: (bytes: Uint8Array) => void;
  readonly close: (reason: string) => void;
};
type Watching = { tag: number; glob: string; next: number; credits: number; once: boolean };

/** One node of it, and what is wrong with it. */
export class FakeNode {
  readonly cluster: FakeCluster;
  readonly id: NodeId;
  readonly address: string;
  /** `down`: refuses connections. `frozen`: takes them and never says a word, like a stopped process. */
  mood: 'up' | 'down' | 'frozen' = 'up';
  /** Requests for which this says true are taken, carried out, and not answered. */
  mute: (request: NativeRequest) => boolean = () => false;
  /** Requests answered with an error instead of being carried out. */
  refuse: (request: NativeRequest) => ErrorCode | Partial<Outcome> | null = () => null;
  /** Of what comes in one message, requests of this kind are answered when all others are done. */
  answersLast: NativeRequest['kind'] | null = null;
  /** Watches begin this much earlier than they were asked to. */
  repeats = 0;
  /** Whether watches are told how far they came also when nothing matched. */
  marksProgress = false;
  /** The node has not heard of anything later. */
  appliedThrough = Number.POSITIVE_INFINITY;
  /** Hellos that came. */
  hellos = 0;
  readonly requests: NativeRequest[] = [];
  readonly sessions = new Set<FakeSession>();

  constructor(cluster: FakeCluster, id: NodeId, address: string) {
    this.cluster = cluster;
    this.id = id;
    this.address = address;
  }

  get revision(): number {
    return Math.min(this.cluster.revision, this.appliedThrough);
  }

  /** How many requests of `kind` came. */
  count(kind: NativeRequest['kind']): number {
    return this.requests.filter((request) => request.kind === kind).length;
  }

  connect(connection: Connection): FakeSession {
    const session = new FakeSession(this, connection);
    this.sessions.add(session);
    return session;
  }

  /** Says so on every connection. */
  say(reply: { readonly tag: number } & Partial<Outcome>): void {
    for (const session of this.sessions) session.say(reply);
  }

  /** Every connection breaks, and no new one is taken. */
  die(): void {
    this.mood = 'down';
    this.cut('connection reset');
  }

  cut(reason: string): void {
    for (const session of [...this.sessions]) session.close(reason);
  }

  /** Names the members, unasked. */
  tellMembers(): void {
    for (const session of this.sessions) session.say(session.membersReply(0));
  }

  news(): void {
    for (const session of this.sessions) session.deliver();
  }
}

export class FakeSession {
  readonly #node: FakeNode;
  readonly #connection: Connection;
  readonly #watches = new Map<number, Watching>();
  #greeted = false;

  constructor(node: FakeNode, connection: Connection) {
    this.#node = node;
    this.#connection = connection;
  }

  get watches(): number {
    return this.#watches.size;
  }

  close(reason: string): void {
    this.#node.sessions.delete(this);
    this.#connection.close(reason);
  }

  gone(): void {
    this.#node.sessions.delete(this);
  }

  received(bytes: Uint8Array): void {
    if (this.#node.mood === 'frozen') return;
    if (!this.#greeted) return this.#greet(bytes);
    const replies: NativeReply[] = [];
    const { answersLast } = this.#node;
    const isLast = ({ kind }: NativeRequest) => (kind === answersLast ? 1 : 0);
    for (const request of [...decodeRequests(bytes)].sort((a, b) => isLast(a) - isLast(b))) {
      this.#node.requests.push(request);
      const reply = this.#answer(request);
      if (reply !== null && !this.#node.mute(request)) replies.push(reply);
    }
    if (replies.length > 0) this.#send(replies);
    this.deliver();
  }

  /** Sends what its waits and watches have coming. */
  deliver(): void {
    if (this.#node.mood === 'frozen') return;
    for (const watch of this.#watches.values()) {
      const { revision: last } = this.#node;
      const glob = compileGlob(watch.glob);
      const events: NativeEvent[] = [];
      while (watch.next <= last && watch.credits > 0) {
        const event = this.#node.cluster.events[watch.next - 1];
        watch.next += 1;
        if (event === undefined || glob?.matches(event.path as never) !== true) continue;
        events.push(event);
        watch.credits -= 1;
        if (watch.once) break;
      }
      const [event] = events;
      if (!watch.once && (events.length > 0 || this.#node.marksProgress)) {
        const progress = revision(watch.next - 1);
        this.#send([{ kind: 'events', tag: watch.tag, progress, events }]);
      } else if (watch.once && event !== undefined) {
        this.#watches.delete(watch.tag);
        this.#send([{ kind: 'event', tag: watch.tag, event }]);
      }
    }
  }

  say({ tag, ...outcome }: { readonly tag: number } & Partial<Outcome>): void {
    this.#send([this.#error(tag, outcome)]);
  }

  #send(replies: NativeReply[]): void {
    this.#connection.send(encodeReplies(replies));
  }

  #greet(bytes: Uint8Array): void {
    const hello = decodeClientHello(bytes);
    const { cluster, id } = this.#node;
    this.#node.hellos += 1;
    this.#greeted = true;
    const refusal =
      hello.clusterName !== null && hello.clusterName !== cluster.name
        ? (['ERR_WRONG_CLUSTER', `this is cluster "${cluster.name}"`] as const)
        : hello.secret !== cluster.secret
          ? (['ERR_ACCESS_DENIED', 'permission denied'] as const)
          : null;
    if (refusal !== null) {
      const [code, detail] = refusal;
      this.#connection.send(encodeServerHello({ kind: 'refused', version: 1, code, detail }));
      return this.close('refused');
    }
    this.#connection.send(
      encodeServerHello({
        kind: 'welcome',
        version: 1,
        clusterName: cluster.name,
        clusterId: clusterId(cluster.id),
        epoch: cluster.epoch,
        nodeId: id,
        boot: bootNumber(1),
        leaderAddress: null,
        members: cluster.nodes.map((node) => ({ id: node.id, address: node.address })),
      }),
    );
  }

  #error(tag: number, what: ErrorCode | Partial<Outcome>): NativeReply {
    const outcome: Partial<Outcome> = typeof what === 'string' ? { code: what } : what;
    const code = outcome.code ?? 'ERR_BAD_ARGUMENT';
    return {
      kind: 'error',
      tag,
      detail: '',
      effect: errorCodes[code].effect,
      leaderAddress: null,
      oldest: null,
      revision: null,
      ...outcome,
      code,
    };
  }

  // One legible dispatch.
  #answer(request: NativeRequest): NativeReply | null {
    const { cluster } = this.#node;
    const { tag } = request;
    const refusal = this.#node.refuse(request);
    if (refusal !== null) return this.#error(tag, refusal);
    switch (request.kind) {
      case 'set':
      case 'delete':
        return this.#write(request);
      case 'nop':
        return { kind: 'revision', tag, revision: revision(cluster.nop()) };
      case 'rev':
        return { kind: 'revision', tag, revision: revision(this.#node.revision) };
      case 'self':
        return { kind: 'self', tag, nodeId: this.#node.id };
      case 'get':
      case 'stat':
      case 'list':
      case 'walk':
        return readReply(this.#node, request, (what) => this.#error(tag, what));
      case 'wait':
      case 'watch':
        return this.#watch(request);
      case 'credit': {
        const watch = this.#watches.get(tag);
        if (watch !== undefined) watch.credits += request.more;
        return null;
      }
      case 'cancel':
        return this.#watches.delete(tag) ? this.#error(tag, 'ERR_CANCELLED') : null;
      case 'create':
      case 'count':
      case 'transact':
      case 'grant':
      case 'revoke':
      case 'keepAlive':
      case 'lease':
      case 'home':
        return this.#error(tag, 'ERR_UNKNOWN_VERB');
      case 'ping':
        return { kind: 'pong', tag };
      case 'status':
        return {
          kind: 'status',
          tag,
          report: {
            nodeId: this.#node.id,
            boot: bootNumber(1),
            address: this.#node.address,
            version: '0.0.0',
            life: 'ready',
            role: 'follower',
            leader: null,
            term: term(1),
            commitIndex: logIndex(9),
            appliedIndex: logIndex(9),
            revision: revision(this.#node.revision),
          },
        };
      case 'members':
      case 'join':
      case 'change':
        return this.membersReply(tag);
      case 'health':
      case 'transfer':
      case 'logLevel':
      case 'unknown':
        return this.#error(tag, 'ERR_UNKNOWN_VERB');
    }
  }

  membersReply(tag: number): NativeReply {
    const [first, ...rest] = this.#node.cluster.nodes;
    const sole = soleMembership(first?.id ?? this.#node.id, first?.address ?? '');
    const addresses = new Map(this.#node.cluster.nodes.map((node) => [node.id, node.address]));
    return {
      kind: 'members',
      tag,
      clusterName: this.#node.cluster.name,
      lineage: null,
      membership: { ...sole, learners: rest.map(({ id }) => id), addresses },
      membershipAt: { index: logIndex(1), term: term(1) },
    };
  }

  #write(request: Extract<NativeRequest, { kind: 'set' | 'delete' }>): NativeReply {
    const { cluster } = this.#node;
    const { path, rev, tag } = request;
    if (parsePath(path) === null || path === '/') return this.#error(tag, 'ERR_BAD_PATH');
    const files = cluster.filesAt(cluster.revision);
    const above = [...files.keys()].some((known) => path.startsWith(`${known}/`));
    if (above) return this.#error(tag, 'ERR_NOT_DIRECTORY');
    const isDirectory = [...files.keys()].some((known) => known.startsWith(`${path}/`));
    const current = isDirectory ? -2 : (files.get(path)?.revision ?? 0);
    if (rev !== -1 && rev < current) {
      cluster.set('/ctl/err', 'rev mismatch');
      return this.#error(tag, 'ERR_REV_MISMATCH');
    }
    if (isDirectory) return this.#error(tag, 'ERR_IS_DIRECTORY');
    const at = request.kind === 'set' ? cluster.set(path, request.body) : cluster.delete(path);
    return { kind: 'revision', tag, revision: revision(at) };
  }

  #watch(request: Extract<NativeRequest, { kind: 'wait' | 'watch' }>): NativeReply | null {
    const { glob, tag } = request;
    if (compileGlob(glob) === null) {
      return this.#error(tag, { code: 'ERR_BAD_GLOB', detail: `invalid glob pattern: ${glob}` });
    }
    const from = Math.max(1, request.kind === 'wait' ? request.rev : request.from);
    const { oldest } = this.#node.cluster;
    if (from < oldest) return this.#error(tag, { code: 'ERR_COMPACTED', oldest: revision(oldest) });
    const credits = request.kind === 'wait' ? 1 : request.credits;
    const next = Math.max(1, from - this.#node.repeats);
    this.#watches.set(tag, { tag, glob, next, credits, once: request.kind === 'wait' });
    return null;
  }
}
