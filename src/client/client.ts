import { type LogLevel, limits, type NodeId } from '../base/index.ts';
import type { LogPosition, MemberChange, NodeHome, NodeReport } from '../protocol/client/index.ts';
import { aText, aTime, aWhole } from './arguments.ts';
import { Caller, isKind } from './caller.ts';
import {
  type CampaignOptions,
  campaign,
  type Leader,
  type Leadership,
  leader,
  observe,
} from './election.ts';
import { Events } from './events.ts';
import { KeepAlives } from './keep-alives.ts';
import { Keeper } from './keeper.ts';
import type { Lease, LeaseOptions } from './lease.ts';
import { Leases } from './leases.ts';
import { type Lock, type LockOptions, lock, tryLock } from './lock.ts';
import { type Joiner, Nodes } from './nodes.ts';
import type { Listing } from './pages.ts';
import { Reads } from './reads.ts';
import { sessionless } from './session.ts';
import { SessionDesk } from './session-desk.ts';
import type { Decision, Operation, Transaction } from './transaction.ts';
import type {
  CallOptions,
  ClientOptions,
  ClientParts,
  Counted,
  CountOptions,
  Created,
  Event,
  EventOptions,
  FileContent,
  FileStat,
  GrantOptions,
  Health,
  LeaseReport,
  Members,
  Reading,
  ReadOptions,
  WalkedFile,
  WatchOptions,
} from './types.ts';
import { Writes } from './writes.ts';

/** Beyond the node's own bound, so that its word on what it did gets here before ours. */
const requestTimeoutMs = limits.requestTimeoutMs + 500;
const connectTimeoutMs = 1500;
const sessionLengthMs = 30_000;

/**
 * A cluster, as a program sees it.
 *
 * Any node answers any request, so a client keeps one connection to one node and moves to the next when that
 * one is lost. What was not answered then goes on by itself. Writes, too: they are numbered in a session,
 * so that however often one is sent, it takes effect once. A write is done, or certainly not done, or, rarely,
 * nobody knows: the error's `effect` says so. Every wait has an end: a time, or a signal.
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
  readonly #keeper: Keeper;
  readonly #keepAlives: KeepAlives;
  readonly #desk: SessionDesk;
  readonly #caller: Caller;
  readonly #reads: Reads;
  readonly #writes: Writes;
  readonly #leases: Leases;
  readonly #events: Events;
  readonly #nodes: Nodes;
  readonly #whenClosed: (() => void) | null;
  #closing: Promise<void> | null = null;

  constructor(parts: ClientParts, options: ClientOptions) {
    if (options.addresses.length === 0) throw new RangeError('A client needs an address');
    const timeoutMs = aTime(options.requestTimeoutMs ?? requestTimeoutMs, 'requestTimeoutMs');
    const lengthMs = aSessionLength(options.sessionLengthMs);
    const { clock, dial, prng } = parts;
    this.#whenClosed = parts.closed ?? null;
    this.#keeper = new Keeper(
      { dial, clock, prng, logger: parts.logger ?? null },
      {
        addresses: options.addresses,
        onlyThese: options.onlyThese ?? false,
        clusterName: options.clusterName ?? null,
        secret: options.secret ?? '',
        client: options.client ?? 'doozer',
        connectTimeoutMs: aTime(options.connectTimeoutMs ?? connectTimeoutMs, 'connectTimeoutMs'),
      },
    );
    const own = { keeper: this.#keeper, clock, prng };
    this.#keepAlives = new KeepAlives(own, timeoutMs);
    this.#desk = new SessionDesk(own, { lengthMs, timeoutMs }, this.#keepAlives);
    this.#caller = new Caller({ ...own, desk: this.#desk }, timeoutMs);
    this.#reads = new Reads(this.#caller);
    this.#writes = new Writes(this.#caller);
    this.#leases = new Leases(this.#caller, clock, this.#keepAlives);
    this.#events = new Events(this.#caller, { ...own, desk: this.#desk });
    this.#nodes = new Nodes(this.#caller, this.#keeper);
  }

  /** The highest revision this client has seen. No answer goes back behind it. */
  get floor(): number {
    return this.#caller.floor.revision;
  }

  /**
   * Resolves when a node answers. Nothing needs it, as every request finds a node itself; it tells a wrong
   * address early.
   *
   * @throws ERR_UNREACHABLE, ERR_ACCESS_DENIED, ERR_WRONG_CLUSTER.
   */
  async open(options: CallOptions = {}): Promise<void> {
    const read = isKind('pong');
    await this.#caller.call('read', {
      action: '',
      options,
      request: (tag) => ({ kind: 'ping', tag }),
      read,
    });
  }

  /**
   * The file at `path`, or `null` when there is none.
   *
   * @throws ERR_IS_DIRECTORY; ERR_COMPACTED when `revision` is forgotten; ERR_TIMEOUT when the node does not
   *   come to `atLeast`, or to what this client has seen.
   */
  async get(path: string, options: ReadOptions = {}): Promise<FileContent | null> {
    return (await this.#reads.read(path, options)).file;
  }

  /**
   * The file at `path` and when that was so: the revision of the state that was read, from which on a watch
   * misses nothing, and the age of what one node alone has said.
   *
   * @throws as `get`.
   */
  async read(path: string, options: ReadOptions = {}): Promise<Reading> {
    return this.#reads.read(path, options);
  }

  /**
   * Writes `body` to the file at `path`, if its revision is `guard` or less; 0: if there is no such file;
   * -1: in any case. Resolves with the new revision, when a majority has it on disk. With a `lease` the
   * file goes when that ends; without, it stays.
   *
   * @throws ERR_REV_MISMATCH, ERR_BAD_PATH, ERR_IS_DIRECTORY, ERR_NOT_DIRECTORY, ERR_TOO_LARGE,
   *   ERR_NO_LEASE; ERR_OUTCOME_UNKNOWN, ERR_SESSION_LOST: look before writing again.
   */
  async set(
    path: string,
    body: Uint8Array | string,
    guard: number,
    options: LeaseOptions = {},
  ): Promise<number> {
    return this.#writes.set(path, body, guard, options);
  }

  /**
   * Deletes the file at `path`, if its revision is `guard` or less; -1: in any case. A missing file is no
   * error. Resolves with the revision it took.
   *
   * @throws as `set`.
   */
  async delete(path: string, guard: number, options: CallOptions = {}): Promise<number> {
    return this.#writes.delete(path, guard, options);
  }

  /**
   * Makes a file whose name is `prefix` and the revision it takes, in 16 digits: never the same twice, and
   * in the order of creation. A prefix may end with a slash.
   *
   * @throws as `set`.
   */
  async create(
    prefix: string,
    body: Uint8Array | string,
    options: LeaseOptions = {},
  ): Promise<Created> {
    return this.#writes.create(prefix, body, options);
  }

  /**
   * Adds `delta` to the whole number in the file at `path`; a missing file counts as 0. Resolves with the sum.
   *
   * @throws as `set`; ERR_BAD_ARGUMENT when the file holds something else; ERR_RANGE beyond 2^53.
   */
  async count(path: string, delta: number, options: CountOptions = {}): Promise<Counted> {
    return this.#writes.count(path, delta, options);
  }

  /**
   * If all of `compares` hold, does `ifTrue`, else `ifFalse`: whole, at one moment, or not at all. Neither is
   * an error; what the branch may not do is.
   *
   * @throws as `set`; ERR_TOO_LARGE beyond 128 compares and operations or 1 MiB.
   */
  async transact<
    const T extends readonly Operation[] = readonly [],
    const F extends readonly Operation[] = readonly [],
  >(transaction: Transaction<T, F>, options: CallOptions = {}): Promise<Decision<T, F>> {
    return this.#writes.transact(transaction, options);
  }

  /** Takes a revision and changes nothing. */
  async nop(options: CallOptions = {}): Promise<number> {
    return this.#writes.nop(options);
  }

  /**
   * Grants a lease that lasts `lengthMs`, 1,000 to 86,400,000, beyond each sign of life. This client gives them by
   * itself and ends the lease when it is closed, unless `keep` is false.
   *
   * @throws ERR_OVERLOADED when the cluster has as many as it keeps; ERR_UNKNOWN_VERB when it knows none.
   */
  async grant(lengthMs: number, options: GrantOptions = {}): Promise<Lease> {
    return this.#leases.grant(lengthMs, options);
  }

  /**
   * Ends a lease, whoever holds it, and its files. Resolves with the tree's revision after that.
   *
   * @throws ERR_NO_LEASE when it is not there.
   */
  async revoke(lease: Lease | number, options: CallOptions = {}): Promise<number> {
    return this.#leases.revoke(lease, options);
  }

  /** A sign of life for any lease. How long it lasts from now on at least; `null`: it is not there. */
  async renew(lease: Lease | number, options: CallOptions = {}): Promise<number | null> {
    return this.#leases.renew(lease, options);
  }

  /** What the cluster knows of a lease; `null`: it is not there. */
  async lease(lease: Lease | number, options: CallOptions = {}): Promise<LeaseReport | null> {
    return this.#leases.lease(lease, options);
  }

  /**
   * Takes the lock at `path`, a folder of its own, when all who came before have let it go. It is held until
   * `release`, until its `lost` is aborted, or until this client is closed.
   *
   * Whoever waits has a file of its own, which goes when the wait ends, however it ends. After a lost lock
   * its holder may be the last to know: see `Lock`.
   *
   * @throws ERR_CANCELLED by the signal; ERR_LOCK_LOST when the cluster was out of reach for the length of the
   *   lease, or somebody deleted the file; what `grant` and `create` throw.
   */
  async lock(path: string, options: LockOptions = {}): Promise<Lock> {
    return lock(this, path, options);
  }

  /** Takes the lock at `path` if nobody has it or waits for it; else `null`. @throws as `lock`. */
  async tryLock(path: string, options: LockOptions = {}): Promise<Lock | null> {
    return tryLock(this, path, options);
  }

  /**
   * Stands for the office at `path`, a folder of its own, with `value` for everybody to read, and resolves when
   * elected: when all who stood before have resigned or are gone.
   *
   * @throws as `lock`.
   */
  async campaign(
    path: string,
    value: Uint8Array | string,
    options: CampaignOptions = {},
  ): Promise<Leadership> {
    return campaign(this, path, value, options);
  }

  /** Who leads at `path`; `null`: nobody. */
  async leader(path: string, options: CallOptions = {}): Promise<Leader | null> {
    return leader(this, path, options);
  }

  /**
   * Who leads at `path`: now, and whenever that or its value changes; `null` while nobody does. One that came
   * and went between two looks is left out. Ends when the loop is left or the signal is aborted.
   */
  observe(
    path: string,
    options: EventOptions = {},
  ): AsyncIterableIterator<Leader | null, undefined> {
    aText(path, 'path');
    return observe(this, path, options);
  }

  /** The cluster's present revision; without a majority, after a while, what the node last heard of. */
  async rev(options: CallOptions = {}): Promise<number> {
    return this.#events.rev(options);
  }

  /** The id of the node this client is connected to. */
  async self(options: CallOptions = {}): Promise<NodeId> {
    return this.#nodes.self(options);
  }

  /** What is at `path`; `null`: nothing. */
  async stat(path: string, options: ReadOptions = {}): Promise<FileStat | null> {
    return this.#reads.stat(path, options);
  }

  /**
   * The names in the directory at `path`, in byte order, all as of one revision, read as they are wanted.
   *
   * @throws ERR_NO_ENTRY, ERR_NOT_DIRECTORY; ERR_COMPACTED when it takes so long that the revision is forgotten.
   */
  list(path: string, options: ReadOptions = {}): Listing<string> {
    return this.#reads.list(path, options);
  }

  /**
   * The files that match `glob`, in walk order (depth first, names in byte order), all as of one revision,
   * read as they are wanted.
   *
   * @throws ERR_BAD_GLOB; ERR_COMPACTED when it takes so long that the revision is forgotten.
   */
  walk(glob: string, options: ReadOptions = {}): Listing<WalkedFile> {
    return this.#reads.walk(glob, options);
  }

  /**
   * The first change at or after revision `from` to a file that matches `glob`; the past counts. Waits until
   * there is one, over as many nodes as it takes; only the signal ends it.
   *
   * @throws ERR_COMPACTED when `from` is forgotten (`oldestRevision` tells what is not); ERR_BAD_GLOB;
   *   ERR_CANCELLED.
   */
  async wait(glob: string, from: number, options: EventOptions = {}): Promise<Event> {
    return this.#events.wait(glob, from, options);
  }

  /**
   * Every change at or after revision `from` to a file that matches `glob`: once each, in order, without a gap,
   * over as many nodes as it takes. Default `from`: what comes after now, in which every write counts that
   * this client is asked for after the watch.
   *
   * Ends when the loop is left or the signal is aborted. Up to 256 events wait here for a slow consumer; the
   * rest wait in the node.
   *
   * @throws ERR_COMPACTED when what comes next is forgotten: read the state anew and watch from there
   *   (`oldestRevision`). ERR_BAD_GLOB.
   */
  watch(glob: string, options: WatchOptions = {}): AsyncIterableIterator<Event, undefined> {
    return this.#events.watch(glob, options);
  }

  /** What the node this client is connected to knows of itself. */
  async status(options: CallOptions = {}): Promise<NodeReport> {
    return this.#nodes.status(options);
  }

  /**
   * How the node this client is connected to is: members, slots, alarms, disk.
   *
   * @throws ERR_ACCESS_DENIED without the right to read; ERR_UNKNOWN_VERB from a node before version 3.
   */
  async health(options: CallOptions = {}): Promise<Health> {
    return this.#nodes.health(options);
  }

  /**
   * How much the node this client is connected to logs from now on; `null`: only asks. Resolves with the level
   * in force.
   */
  async logLevel(level: LogLevel | null, options: CallOptions = {}): Promise<LogLevel> {
    return this.#nodes.logLevel(level, options);
  }

  /**
   * Hands leadership to the voter `to`, or to the best one. Resolves when the former leader leads no more.
   *
   * @throws ERR_MEMBERSHIP_REFUSED with the reason; ERR_TIMEOUT when nobody took over; ERR_OUTCOME_UNKNOWN.
   */
  async transferLeadership(to: NodeId | null, options: CallOptions = {}): Promise<Members> {
    return this.#nodes.transfer(to, options);
  }

  /**
   * Whether the node this client is connected to belongs to a cluster, or is empty and waits to found one with
   * others. It answers at once, in whatever state it is.
   *
   * @throws ERR_ACCESS_DENIED without the secret that lets write; ERR_UNKNOWN_VERB: an older node.
   */
  async home(options: CallOptions = {}): Promise<NodeHome> {
    return this.#nodes.home(options);
  }

  /** Who belongs to the cluster, as the node this client is connected to knows. */
  async members(options: CallOptions = {}): Promise<Members> {
    return this.#nodes.members(options);
  }

  /**
   * Asks the cluster to take a node in as a learner. One that is in already succeeds again. `seenAt`: the log
   * index of the membership the asker knows; refused when another is in force by now.
   *
   * @throws ERR_WRONG_CLUSTER, ERR_MEMBERSHIP_REFUSED with the reason.
   */
  async join(node: Joiner, options: CallOptions = {}): Promise<Members> {
    return this.#nodes.join(node, options);
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
    return this.#nodes.change(change, ifAt, options);
  }

  /**
   * Ends everything that waits, with ERR_STOPPED, then the session and the leases that this client keeps, and
   * the connection. For the cluster's word on the leases it waits half a second at most; they end by
   * themselves otherwise. May be called twice.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { session } = this.#desk;
    const leases = [...this.#leases.close(), ...(session === null ? [] : [session])];
    this.#keepAlives.close();
    this.#desk.close();
    await this.#keeper.close(
      leases.map((lease) => (tag) => ({ kind: 'revoke', tag, lease, ...sessionless })),
    );
    this.#whenClosed?.();
  }
}

function aSessionLength(lengthMs: number | null | undefined): number | null {
  if (lengthMs === null) return null;
  const { leaseLengthMsMax: max, leaseLengthMsMin: min } = limits;
  const ms = aWhole(lengthMs ?? sessionLengthMs, 'sessionLengthMs');
  if (ms >= min && ms <= max) return ms;
  throw new RangeError(`The sessionLengthMs must be from ${min} to ${max}, not ${ms}`);
}
