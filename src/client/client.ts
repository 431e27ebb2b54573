import {
  ClusterError,
  type Lineage,
  type LogIndex,
  limits,
  type NodeId,
  noLease,
  noSession,
  utf8,
} from '../base/index.ts';
import type {
  LogPosition,
  MemberChange,
  NativeReply,
  NativeRequest,
  NodeReport,
} from '../protocol/client/index.ts';
import { aRevision, aText, aTime, aWhole } from './arguments.ts';
import { Call, type CallParts, type CallPlan } from './call.ts';
import { RevisionFloor } from './floor.ts';
import { Keeper } from './keeper.ts';
import { withOwnBody } from './own-bytes.ts';
import { type Page, pageLimit, pages } from './pages.ts';
import type {
  CallOptions,
  ClientOptions,
  ClientParts,
  Event,
  EventOptions,
  FileContent,
  FileStat,
  Members,
  ReadOptions,
  WalkedFile,
} from './types.ts';
import { Watch } from './watch.ts';

type Reply<Kind extends NativeReply['kind']> = Extract<NativeReply, { kind: Kind }>;

/** Beyond the node's own bound, so that its word on what it did gets here before ours. */
const requestTimeoutMs = limits.requestTimeoutMs + 500;
const connectTimeoutMs = 1500;
/** What a frame needs beside path and body. */
const frameOverheadBytes = 1024;
const sessionless = { session: noSession, seq: 0, ackedBelow: 0 } as const;

/**
 * A cluster, as a program sees it.
 *
 * Any node answers any request, so a client keeps one connection to one node and moves to the next when that
 * one is lost. What was not answered then is read off the error's `effect`: reads, waits and watches go on
 * by themselves, and so do writes that had not been sent; a write that had is ERR_OUTCOME_UNKNOWN, since it
 * may have been taken. Every wait has an end: a time, or a signal.
 *
 * Methods throw `ClusterError`, whose `code` docs/errors.md explains; a wrong argument is a `TypeError` or
 * `RangeError` at once.
 *
 * @example
 * const client = await connect('doozer:?ca=127.0.0.1:8046');
 * const revision = await client.set('/greeting', 'hello', 0);
 * for await (const event of client.watch('/**', { from: revision })) console.log(event.path);
 */
export class Client {
  readonly #parts: CallParts;
  readonly #keeper: Keeper;
  readonly #floor = new RevisionFloor();
  readonly #timeoutMs: number;
  readonly #whenClosed: (() => void) | null;
  #closed = false;

  constructor(parts: ClientParts, options: ClientOptions) {
    if (options.addresses.length === 0) throw new RangeError('A client needs an address');
    this.#timeoutMs = aTime(options.requestTimeoutMs ?? requestTimeoutMs, 'requestTimeoutMs');
    const { clock, dial, prng } = parts;
    this.#whenClosed = parts.closed ?? null;
    this.#keeper = new Keeper(
      { dial, clock, prng, logger: parts.logger ?? null },
      {
        addresses: options.addresses,
        clusterName: options.clusterName ?? null,
        secret: options.secret ?? '',
        client: options.client ?? 'doozer',
        connectTimeoutMs: aTime(options.connectTimeoutMs ?? connectTimeoutMs, 'connectTimeoutMs'),
      },
    );
    this.#parts = { keeper: this.#keeper, clock, prng };
  }

  /** The highest revision this client has seen. No answer goes back behind it. */
  get floor(): number {
    return this.#floor.revision;
  }

  /**
   * Resolves when a node answers. Nothing needs it, as every request finds a node itself; it tells a wrong
   * address early.
   *
   * @throws ERR_UNREACHABLE, ERR_ACCESS_DENIED, ERR_WRONG_CLUSTER.
   */
  async open(options: CallOptions = {}): Promise<void> {
    await this.#read('', options, (tag) => ({ kind: 'ping', tag }), isKind('pong'));
  }

  /**
   * The file at `path`, or `null` when there is none.
   *
   * @throws ERR_IS_DIRECTORY; ERR_COMPACTED when `revision` is forgotten.
   */
  async get(path: string, options: ReadOptions = {}): Promise<FileContent | null> {
    const rev = aRevision(options);
    const reply = await this.#read(
      `Cannot get ${aText(path, 'path')}`,
      options,
      (tag) => ({ kind: 'get', tag, path, rev, least: null }),
      isKind('value'),
    );
    this.#floor.seen(reply.at);
    const { body, revision } = reply;
    return revision === 0 ? null : withOwnBody({ body, revision });
  }

  /**
   * Writes `body` to the file at `path`, if its revision is `guard` or less; 0: if there is no such file;
   * -1: in any case. Resolves with the new revision, when a majority has it on disk.
   *
   * A guard does not make a repeat safe: after ERR_OUTCOME_UNKNOWN, look before writing again.
   *
   * @throws ERR_REV_MISMATCH, ERR_BAD_PATH, ERR_IS_DIRECTORY, ERR_NOT_DIRECTORY, ERR_TOO_LARGE,
   *   ERR_OUTCOME_UNKNOWN.
   */
  async set(
    path: string,
    body: Uint8Array | string,
    guard: number,
    options: CallOptions = {},
  ): Promise<number> {
    const bytes = typeof body === 'string' ? utf8(body) : body;
    if (!(bytes instanceof Uint8Array)) throw new TypeError('A body is bytes or text');
    const rev = aWhole(guard, 'guard');
    const action = `Cannot set ${aText(path, 'path')}`;
    const size = bytes.length + path.length * 3 + frameOverheadBytes;
    if (size > limits.frameBytesMax / 2) {
      throw new ClusterError('ERR_TOO_LARGE', `${action}: ${bytes.length} bytes fit no message`);
    }
    const request = (tag: number): NativeRequest => ({
      kind: 'set',
      tag,
      path,
      body: bytes,
      rev,
      lease: noLease,
      ...sessionless,
    });
    return this.#write(action, options, size, request);
  }

  /**
   * Deletes the file at `path`, if its revision is `guard` or less; -1: in any case. A missing file is no
   * error. Resolves with the revision it took.
   *
   * @throws as `set`.
   */
  async delete(path: string, guard: number, options: CallOptions = {}): Promise<number> {
    const rev = aWhole(guard, 'guard');
    return this.#write(`Cannot delete ${aText(path, 'path')}`, options, path.length, (tag) => ({
      kind: 'delete',
      tag,
      path,
      rev,
      ...sessionless,
    }));
  }

  /** Takes a revision and changes nothing. */
  async nop(options: CallOptions = {}): Promise<number> {
    return this.#write('Cannot take a revision', options, 0, (tag) => ({
      kind: 'nop',
      tag,
      ...sessionless,
    }));
  }

  /** The cluster's present revision; without a majority, after a while, what the node last heard of. */
  async rev(options: CallOptions = {}): Promise<number> {
    const reply = await this.#read(
      'Cannot ask for the revision',
      options,
      (tag) => ({ kind: 'rev', tag }),
      isKind('revision'),
    );
    return this.#floor.raise(reply.revision);
  }

  /** The id of the node this client is connected to. */
  async self(options: CallOptions = {}): Promise<NodeId> {
    const reply = await this.#read(
      'Cannot ask for the id',
      options,
      (tag) => ({ kind: 'self', tag }),
      isKind('self'),
    );
    return reply.nodeId;
  }

  /** What is at `path`; `null`: nothing. */
  async stat(path: string, options: ReadOptions = {}): Promise<FileStat | null> {
    const rev = aRevision(options);
    const reply = await this.#read(
      `Cannot stat ${aText(path, 'path')}`,
      options,
      (tag) => ({ kind: 'stat', tag, path, rev, least: null }),
      isKind('stat'),
    );
    this.#floor.seen(reply.at);
    if (reply.what === 'missing') return null;
    return reply.what === 'directory'
      ? { kind: 'directory', count: reply.count }
      : { kind: 'file', revision: reply.revision, size: reply.count };
  }

  /**
   * The names in the directory at `path`, in byte order, all as of one revision, read as they are wanted.
   *
   * @throws ERR_NO_ENTRY, ERR_NOT_DIRECTORY; ERR_COMPACTED when it takes so long that the revision is forgotten.
   */
  list(path: string, options: ReadOptions = {}): AsyncIterableIterator<string> {
    const action = `Cannot list ${aText(path, 'path')}`;
    return pages(aRevision(options), async (offset, rev): Promise<Page<string>> => {
      const request = (tag: number): NativeRequest => ({
        kind: 'list',
        tag,
        path,
        offset,
        limit: pageLimit,
        rev,
        least: null,
      });
      const { at, more, names } = await this.#read(action, options, request, isKind('names'));
      this.#floor.seen(at);
      return { at, more, items: names };
    });
  }

  /**
   * The files that match `glob`, in walk order (depth first, names in byte order), all as of one revision,
   * read as they are wanted.
   *
   * @throws ERR_BAD_GLOB; ERR_COMPACTED when it takes so long that the revision is forgotten.
   */
  walk(glob: string, options: ReadOptions = {}): AsyncIterableIterator<WalkedFile> {
    const action = `Cannot walk ${aText(glob, 'glob')}`;
    return pages(aRevision(options), async (offset, rev): Promise<Page<WalkedFile>> => {
      const request = (tag: number): NativeRequest => ({
        kind: 'walk',
        tag,
        glob,
        offset,
        limit: pageLimit,
        rev,
        least: null,
      });
      const { at, files, more } = await this.#read(action, options, request, isKind('files'));
      this.#floor.seen(at);
      return { at, more, items: files.map(withOwnBody) };
    });
  }

  /**
   * The first change at or after revision `from` to a file that matches `glob`; the past counts. Waits until
   * there is one, over as many nodes as it takes; only the signal ends it.
   *
   * @throws ERR_COMPACTED when `from` is forgotten (`oldestRevision` tells what is not); ERR_BAD_GLOB;
   *   ERR_CANCELLED.
   */
  async wait(glob: string, from: number, options: EventOptions = {}): Promise<Event> {
    const rev = aWhole(from, 'from');
    const { event } = await this.#call(
      {
        action: `Cannot wait for ${aText(glob, 'glob')}`,
        nature: 'repeat',
        timeoutMs: null,
        size: 0,
        request: (tag) => ({ kind: 'wait', tag, glob, rev }),
        read: isKind('event'),
      },
      options,
    );
    this.#floor.seen(event.revision);
    return withOwnBody(event);
  }

  /**
   * Every change at or after revision `from` to a file that matches `glob`: once each, in order, without a gap,
   * over as many nodes as it takes. Default `from`: what comes after now.
   *
   * Ends when the loop is left or the signal is aborted. Up to 256 events wait here for a slow consumer; the
   * rest wait in the node.
   *
   * @throws ERR_COMPACTED when what comes next is forgotten: read the state anew and watch from there
   *   (`oldestRevision`). ERR_BAD_GLOB.
   */
  watch(
    glob: string,
    options: EventOptions & { readonly from?: number } = {},
  ): AsyncIterableIterator<Event, undefined> {
    aText(glob, 'glob');
    const { from, signal } = options;
    return new Watch(this.#parts, {
      glob,
      from: from === undefined ? null : Math.max(1, aWhole(from, 'from')),
      now: () => this.rev(options),
      signal: signal ?? null,
      seen: (revision) => this.#floor.seen(revision),
    }).start();
  }

  /** What the node this client is connected to knows of itself. */
  async status(options: CallOptions = {}): Promise<NodeReport> {
    const reply = await this.#read(
      'Cannot ask for the status',
      options,
      (tag) => ({ kind: 'status', tag }),
      isKind('status'),
    );
    return reply.report;
  }

  /** Who belongs to the cluster, as the node this client is connected to knows. */
  async members(options: CallOptions = {}): Promise<Members> {
    return this.#membersOf(
      await this.#read(
        'Cannot ask for the members',
        options,
        (tag) => ({ kind: 'members', tag }),
        isKind('members'),
      ),
    );
  }

  /**
   * Asks the cluster to take a node in as a learner. One that is in already succeeds again. `seenAt`: the log
   * index of the membership the asker knows; refused when another is in force by now.
   *
   * @throws ERR_WRONG_CLUSTER, ERR_MEMBERSHIP_REFUSED with the reason.
   */
  async join(
    node: {
      readonly nodeId: NodeId;
      readonly address: string;
      readonly clusterName: string;
      readonly lineage: Lineage | null;
      readonly seenAt: LogIndex | null;
    },
    options: CallOptions = {},
  ): Promise<Members> {
    const { seenAt: membershipIndexSeen, ...asker } = node;
    return this.#membersOf(
      await this.#read(
        `Cannot attach ${node.nodeId}`,
        options,
        (tag) => ({ kind: 'join', tag, ...asker, membershipIndexSeen }),
        isKind('members'),
      ),
    );
  }

  /**
   * Changes who belongs to the cluster; resolves with the membership afterwards. `ifAt`: refused unless the
   * membership in force stands there.
   *
   * @throws ERR_MEMBERSHIP_REFUSED with the reason; ERR_OUTCOME_UNKNOWN.
   */
  async changeMembership(
    change: MemberChange,
    ifAt: LogPosition | null,
    options: CallOptions = {},
  ): Promise<Members> {
    const reply = await this.#call(
      {
        action: `Cannot ${change.kind === 'setAddress' ? 'readdress' : change.kind} a member`,
        nature: 'once',
        timeoutMs: this.#timeOf(options),
        size: 0,
        request: (tag) => ({ kind: 'change', tag, change, ifMembershipAt: ifAt }),
        read: isKind('members'),
      },
      options,
    );
    return this.#membersOf(reply);
  }

  /** Ends the connection and everything that waits on it, with ERR_STOPPED. May be called twice. */
  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#keeper.close();
      this.#whenClosed?.();
    }
    return Promise.resolve();
  }

  #membersOf({ clusterName, lineage, membership, membershipAt }: Reply<'members'>): Members {
    this.#keeper.learn([...membership.addresses.values()]);
    return { clusterName, lineage, membership, membershipAt };
  }

  #read<T>(
    action: string,
    options: CallOptions,
    request: (tag: number) => NativeRequest,
    read: (reply: NativeReply) => T | null,
  ): Promise<T> {
    const timeoutMs = this.#timeOf(options);
    return this.#call({ action, nature: 'repeat', timeoutMs, size: 0, request, read }, options);
  }

  async #write(
    action: string,
    options: CallOptions,
    size: number,
    request: (tag: number) => NativeRequest,
  ): Promise<number> {
    const timeoutMs = this.#timeOf(options);
    const read = isKind('revision');
    const plan: CallPlan<Reply<'revision'>> = {
      action,
      nature: 'once',
      timeoutMs,
      size,
      request,
      read,
    };
    const { revision } = await this.#call(plan, options);
    this.#floor.seen(revision);
    return revision;
  }

  #call<T>(plan: CallPlan<T>, { signal }: { signal?: AbortSignal }): Promise<T> {
    return new Call(this.#parts, plan, signal ?? null).start();
  }

  #timeOf(options: CallOptions): number {
    return options.timeoutMs === undefined
      ? this.#timeoutMs
      : aTime(options.timeoutMs, 'timeoutMs');
  }
}

const isKind =
  <Kind extends NativeReply['kind']>(kind: Kind) =>
  (reply: NativeReply): Reply<Kind> | null =>
    reply.kind === kind ? (reply as Reply<Kind>) : null;
