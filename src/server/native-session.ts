import { assert, ClusterError, limits, type Revision } from '../base/index.ts';
import type { Cancel } from '../node/index.ts';
import type { Glob } from '../paths/index.ts';
import type { Clock } from '../ports/index.ts';
import type { NativeEvent, NativeReply, NativeRequest } from '../protocol/client/index.ts';
import type { Cursors, Event, Reply, View } from '../tree/index.ts';
import type { CatchUp } from './catch-up.ts';
import { change, join, transfer } from './changes.ts';
import { checkGlob } from './checks.ts';
import type { RequestCounts } from './counts.ts';
import type { Abandonable, Answerer, Guest } from './guest.ts';
import { healthOf } from './health.ts';
import { lookAtLeast } from './least.ts';
import { Marks } from './marks.ts';
import {
  type About,
  compactedReply,
  errorReply,
  homeReply,
  membersReply,
  reportOf,
  unasked,
  wroteReply,
} from './native-answers.ts';
import { readReply } from './native-reads.ts';
import { commandOf, type WriteRequest } from './native-writes.ts';
import { awaitEvent, look, propose, revisionAsked, tooManyWaits } from './pending.ts';
import { WatchStream } from './watch-stream.ts';

/** Where a door takes a session's replies. It never comes back into the session from there. */
export type NativeSink = {
  /** `pinBytes`: what the reply alone keeps in memory; see the doors' outlet. */
  readonly answer: (reply: NativeReply, pinBytes: number) => void;
  /** False while enough is unsent: watches stand still until `roomAgain`. */
  readonly room: () => boolean;
};

export type NativeSessionParts = {
  readonly guest: Guest;
  readonly cursors: Cursors;
  /** Shared by all sessions of a server. */
  readonly catchUp: CatchUp;
  readonly requests: RequestCounts;
  readonly clock: Clock;
  readonly about: About;
  readonly sink: NativeSink;
};

type Kept = { readonly request: NativeRequest; readonly wait: Abandonable };
type OfKind<Kind extends NativeRequest['kind']> = Extract<NativeRequest, { readonly kind: Kind }>;
type ReadRequest = OfKind<'get' | 'stat' | 'list' | 'walk'>;

/** One connection that speaks the native protocol. Replies come in any order, paired by tag. */
export class NativeSession implements Answerer<NativeRequest> {
  readonly guest: Guest;
  readonly #cursors: Cursors;
  readonly #catchUp: CatchUp;
  readonly #clock: Clock;
  readonly #about: About;
  readonly #requests: RequestCounts;
  readonly #sink: NativeSink;
  /** Waits and watches that may be cancelled, by tag. Bounded as the guest's waits are. */
  readonly #waits = new Map<number, Kept>();
  readonly #watches = new Map<number, WatchStream>();
  readonly #marks: Marks;
  readonly #cancelCondemned: Cancel;
  readonly #cancelMembers: Cancel;

  constructor(parts: NativeSessionParts) {
    this.guest = parts.guest;
    this.#cursors = parts.cursors;
    this.#catchUp = parts.catchUp;
    this.#clock = parts.clock;
    this.#marks = new Marks(parts.clock, parts.guest.node, this.#watches);
    this.#about = parts.about;
    this.#requests = parts.requests;
    this.#sink = parts.sink;
    this.#cancelCondemned = this.guest.node.onCondemned(() => this.#endWaits());
    this.#cancelMembers = this.guest.node.onMembers(() => this.#tellMembers());
  }

  // One legible dispatch.
  handle(request: NativeRequest): void {
    this.#requests.countNative(request.kind);
    if (!this.guest.node.serves() && asksTheTree(request)) {
      return this.refuse(request, condemned());
    }
    switch (request.kind) {
      case 'get':
      case 'stat':
      case 'list':
        if (this.#may(request, 'read')) this.#read(request);
        return;
      case 'walk':
        return this.#walk(request);
      case 'lease':
        if (this.#may(request, 'read')) look(this, request, null);
        return;
      case 'set':
      case 'delete':
      case 'nop':
      case 'create':
      case 'count':
      case 'transact':
      case 'grant':
      case 'revoke':
        return this.#write(request);
      case 'keepAlive':
        return this.#keepAlive(request);
      case 'rev':
      case 'members':
        look(this, request, null);
        return;
      case 'self':
        return this.#answer({ kind: 'self', tag: request.tag, nodeId: this.guest.node.id });
      case 'wait':
        return this.#wait(request);
      case 'watch':
        return this.#watch(request);
      case 'credit':
        this.#watches.get(request.tag)?.credit(request.more);
        return;
      case 'cancel':
        return this.#cancel(request);
      case 'status': {
        const report = reportOf(this.guest.node.status(), this.#about);
        return this.#answer({ kind: 'status', tag: request.tag, report });
      }
      case 'health':
        return this.#health(request);
      case 'logLevel':
        return this.#logLevel(request);
      case 'transfer':
        if (this.#may(request, 'write')) {
          void this.#afterChange(request, transfer(this.guest.node, request.to));
        }
        return;
      case 'join':
        if (this.#may(request, 'write'))
          void this.#afterChange(request, join(this.guest.node, request));
        return;
      case 'change':
        if (this.#may(request, 'write')) {
          void this.#afterChange(request, change(this.guest.node, request));
        }
        return;
      case 'ping':
        return this.#answer({ kind: 'pong', tag: request.tag });
      case 'home':
        if (this.#may(request, 'write')) {
          this.#answer(homeReply(request.tag, this.guest.node, this.#about));
        }
        return;
      case 'unknown':
        return this.refuse(
          request,
          new ClusterError(
            'ERR_UNKNOWN_VERB',
            `Cannot do verb ${request.verb}: it is not known here`,
          ),
        );
    }
  }

  /** Unasked: a guest that only listens must know where to go when all it knew are gone. */
  #tellMembers(): void {
    const { node } = this.guest;
    if (node.serves()) this.#answer(membersReply(unasked, node.status()));
  }

  /** The connection has room for events again. */
  roomAgain(): void {
    for (const watch of this.#watches.values()) watch.resume();
  }

  /** The connection is gone, and all its waits and watches with it. */
  close(): void {
    this.#cancelCondemned();
    this.#cancelMembers();
    this.#marks.stop();
    this.guest.close();
    this.#waits.clear();
    this.#watches.clear();
  }

  // -------------------------------------------------------------------------------------------
  // Requests

  #read(request: ReadRequest): void {
    const { rev, least } = request;
    if (least === null) return this.#keep(request, look(this, request, rev));
    if (rev === null) return this.#keep(request, lookAtLeast(this, this.#clock, request, least));
    const words = `Cannot read at revision ${rev} and at ${least} or later: one of the two`;
    this.refuse(request, new ClusterError('ERR_BAD_ARGUMENT', words));
  }

  #walk(request: OfKind<'walk'>): void {
    if (!this.#may(request, 'read')) return;
    const glob = checkGlob(request.glob, this.guest.limits);
    if (glob instanceof ClusterError) return this.refuse(request, glob);
    this.#read(request);
  }

  #write(request: WriteRequest): void {
    if (!this.#may(request, 'write')) return;
    const { limits: tree } = this.guest.node.view();
    const command = commandOf(request, { server: this.guest.limits, tree });
    if (command instanceof ClusterError) return this.refuse(request, command);
    const { session, seq, ackedBelow } = request;
    if (session === 0) propose(this, request, command);
    else propose(this, request, command, { session, seq, ackedBelow });
  }

  #keepAlive(request: OfKind<'keepAlive'>): void {
    const { tag, leases, renew } = request;
    if (!this.#may(request, renew ? 'write' : 'read')) return;
    const { keepAliveLeasesMax: most } = limits;
    if (leases.length > most) {
      const words = `Cannot keep ${leases.length} leases alive at once: at most ${most}`;
      return this.refuse(request, new ClusterError('ERR_TOO_LARGE', words));
    }
    if (leases.length === 0) return this.#answer({ kind: 'leases', tag, leftMs: [] });
    const { guest } = this;
    guest.begin();
    guest.node.keepAlive(leases, renew, {
      left: (leftMs) => {
        guest.end();
        // Whole milliseconds, and never one too many.
        const whole = leftMs.map((left) => Math.max(0, Math.floor(left)));
        if (!guest.closed) this.#answer({ kind: 'leases', tag, leftMs: whole });
      },
      failed: (error) => {
        guest.end();
        if (!guest.closed) this.refuse(request, error);
      },
    });
  }

  #health(request: OfKind<'health'>): void {
    if (!this.#may(request, 'read')) return;
    const { node } = this.guest;
    const report = reportOf(node.status(), this.#about);
    const health = healthOf(node, this.#about.host ?? null);
    this.#answer({ kind: 'health', tag: request.tag, report, health });
  }

  #logLevel(request: OfKind<'logLevel'>): void {
    const { tag, level } = request;
    if (!this.#may(request, level === null ? 'read' : 'write')) return;
    const { host } = this.#about;
    if (level !== null) host?.setLogLevel(level);
    this.#answer({ kind: 'logLevel', tag, level: host?.logLevel() ?? 'info' });
  }

  #wait(request: OfKind<'wait'>): void {
    const glob = this.#globToWaitFor(request);
    if (glob !== null) this.#keep(request, awaitEvent(this, request, glob, request.rev));
  }

  #watch(request: OfKind<'watch'>): void {
    const glob = this.#globToWaitFor(request);
    if (glob === null) return;
    const { guest } = this;
    const { tag, previous } = request;
    const stream = new WatchStream({
      node: guest.node,
      catchUp: this.#catchUp,
      glob,
      from: revisionAsked(request.from),
      previous,
      to: {
        events: (events, progress) => this.#sendEvents(tag, events, progress, previous),
        compacted: (next, oldest) => {
          guest.release(stream);
          this.#over(request);
          this.#answer(compactedReply(tag, next, oldest));
        },
        room: this.#sink.room,
      },
    });
    if (!guest.hold(stream)) {
      return this.refuse(request, tooManyWaits(guest.limits.watchersPerConnectionMax));
    }
    this.#keep(request, stream);
    this.#watches.set(tag, stream);
    this.#marks.begin();
    stream.credit(request.credits);
  }

  #globToWaitFor(request: OfKind<'wait'> | OfKind<'watch'>): Glob | null {
    if (!this.#may(request, 'read')) return null;
    const glob = this.#waits.has(request.tag)
      ? new ClusterError(
          'ERR_BAD_ARGUMENT',
          `Cannot wait: tag ${request.tag} is in use by another wait`,
        )
      : checkGlob(request.glob, this.guest.limits);
    if (!(glob instanceof ClusterError)) return glob;
    this.refuse(request, glob);
    return null;
  }

  #cancel({ tag }: OfKind<'cancel'>): void {
    const kept = this.#waits.get(tag);
    if (kept === undefined) return;
    kept.wait.abandon();
    this.guest.release(kept.wait);
    this.#over(kept.request);
    const error = new ClusterError('ERR_CANCELLED', 'The wait was cancelled, as asked');
    // What only waits has no effect to be unsure of.
    this.#answer({ ...errorReply(this.guest.node, tag, error), effect: 'none' });
  }

  /** The state that the waits hang on is wrong: they go on at another node. */
  #endWaits(): void {
    for (const { request, wait } of [...this.#waits.values()]) {
      wait.abandon();
      this.guest.release(wait);
      this.refuse(request, condemned());
    }
  }

  async #afterChange(request: NativeRequest, changed: Promise<void>): Promise<void> {
    this.guest.begin();
    let error: ClusterError | null = null;
    try {
      await changed;
    } catch (cause) {
      if (!(cause instanceof ClusterError)) throw cause;
      error = cause;
    }
    this.guest.end();
    if (this.guest.closed) return;
    if (error !== null) this.refuse(request, error);
    else this.#answer(membersReply(request.tag, this.guest.node.status()));
  }

  #may(request: NativeRequest, right: 'read' | 'write'): boolean {
    if (this.guest.may(right)) return true;
    this.refuse(request, new ClusterError('ERR_ACCESS_DENIED', 'permission denied'));
    return false;
  }

  /** So that `cancel` finds it, if there is still something to cancel. */
  #keep(request: NativeRequest, wait: Abandonable | null): void {
    if (wait !== null) this.#waits.set(request.tag, { request, wait });
  }

  /** `request` has its last answer. Another one's wait under the same tag stays. */
  #over(request: NativeRequest): void {
    if (this.#waits.size === 0 || this.#waits.get(request.tag)?.request !== request) return;
    this.#waits.delete(request.tag);
    this.#watches.delete(request.tag);
  }

  // -------------------------------------------------------------------------------------------
  // Answers

  wrote(request: NativeRequest, reply: Reply): void {
    assert('session' in request, 'only writes are proposed');
    this.#answer(wroteReply(request, reply));
  }

  viewed(request: NativeRequest, view: View): void {
    this.#over(request);
    // Behind the same barrier: what it rests on may be a node that sets its data aside.
    if (request.kind === 'members') {
      return this.#answer(membersReply(request.tag, this.guest.node.status()));
    }
    const reply = readReply(request, view, this.#cursors, this.#ageOf(request));
    if (reply instanceof ClusterError) this.refuse(request, reply);
    else this.#answer(reply);
  }

  /** Whole milliseconds, and never one too few. */
  #ageOf(request: NativeRequest): number | null {
    if (!('least' in request) || request.least === null) return null;
    const ageMs = this.guest.node.ageMs();
    return ageMs === null ? null : Math.ceil(ageMs);
  }

  happened(request: NativeRequest, event: Event): void {
    this.#over(request);
    const { body } = event;
    this.#sink.answer({ kind: 'event', tag: request.tag, event: told(event, false) }, body.length);
  }

  refuse(request: NativeRequest, error: ClusterError): void {
    this.#over(request);
    this.#answer(errorReply(this.guest.node, request.tag, error));
  }

  #sendEvents(tag: number, events: readonly Event[], progress: Revision, previous: boolean): void {
    const all = events.map((event) => told(event, previous));
    const bytes = all.reduce((sum, it) => sum + it.body.length + (it.previous?.length ?? 0), 0);
    this.#sink.answer({ kind: 'events', tag, progress, events: all }, bytes);
  }

  #answer(reply: NativeReply): void {
    this.#sink.answer(reply, 0);
  }
}

/** As it is; what was there before only where it was asked for. */
const told = (event: Event, previous: boolean): NativeEvent =>
  previous || event.previous === null ? event : { ...event, previous: null };

const untouched: ReadonlySet<NativeRequest['kind']> = new Set([
  ...(['status', 'home', 'health', 'logLevel', 'transfer'] as const),
  ...(['self', 'ping', 'credit', 'cancel'] as const),
]);

/** What an operator asks a node about itself is answered all the same. */
const asksTheTree = ({ kind }: NativeRequest): boolean => !untouched.has(kind);

const condemned = (): ClusterError =>
  new ClusterError('ERR_CONDEMNED', 'The state of this node is condemned; ask another node');
