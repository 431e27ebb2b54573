import { ClusterError, must, noBytes, utf8 } from '../base/index.ts';
import type { Cancel } from '../node/index.ts';
import { compileGlob, parsePath } from '../paths/index.ts';
import type { Clock, Timer } from '../ports/index.ts';
import { type DoozerRequest, type DoozerResponse, doozerVerbs } from '../protocol/doozer/index.ts';
import {
  type Cursors,
  childAt,
  type Event,
  fileAt,
  isDirectory,
  matchAt,
  type Reply,
  stat,
  type View,
} from '../tree/index.ts';
import type { Access } from './access.ts';
import { checkBody, checkGlob, checkPath } from './checks.ts';
import type { RequestCounts } from './counts.ts';
import {
  denied,
  done,
  eventIs,
  failed,
  fileIs,
  matchIs,
  nameIs,
  refused,
  refusedWith,
  revIs,
  statIs,
  valueIs,
} from './doozer-answers.ts';
import { doozerErrorFor } from './doozer-errors.ts';
import { PendingRev } from './doozer-rev.ts';
import type { Answerer, Guest } from './guest.ts';
import { Ordered } from './ordered.ts';
import { awaitEvent, look, propose } from './pending.ts';

/** Where a door takes a session's answers. It never comes back into the session from there. */
export type DoozerSink = {
  /** `pinBytes`: what the answer alone keeps in memory; see the doors' outlet. */
  readonly answer: (response: DoozerResponse, pinBytes: number) => void;
  /** Closes the connection, so that the client goes to another node; what is unanswered stays so. */
  readonly drop: (reason: string) => void;
};

export type DoozerSessionParts = {
  readonly guest: Guest;
  readonly access: Access;
  readonly cursors: Cursors;
  readonly requests: RequestCounts;
  readonly clock: Clock;
  /** Of the other side; how fast it may guess a secret is counted by it. */
  readonly address: string;
  readonly sink: DoozerSink;
};

/**
 * One connection that speaks the protocol of 2011. Requests are taken in order; REV, SELF, ACCESS
 * and refused arguments are answered in order, everything else when it is ready.
 *
 * For each verb the order of checks is: right, required fields, glob or path, the operation. (READONLY
 * is never said: every node takes writes and forwards them.)
 */
export class DoozerSession implements Answerer<DoozerRequest> {
  readonly guest: Guest;
  readonly #access: Access;
  readonly #clock: Clock;
  readonly #address: string;
  readonly #cursors: Cursors;
  readonly #sink: DoozerSink;
  readonly #requests: RequestCounts;
  readonly #ordered: Ordered<DoozerResponse>;
  readonly #cancelCondemned: Cancel;
  /** The answer to a wrong secret, which waits. */
  #refusal: Timer | null = null;

  constructor(parts: DoozerSessionParts) {
    this.guest = parts.guest;
    this.#access = parts.access;
    this.#clock = parts.clock;
    this.#address = parts.address;
    this.#cursors = parts.cursors;
    this.#sink = parts.sink;
    this.#requests = parts.requests;
    this.#ordered = new Ordered((response) => this.#release(response));
    this.#cancelCondemned = this.guest.node.onCondemned(() => this.#drop());
  }

  handle(request: DoozerRequest): void {
    this.#requests.countDoozer(request.verb);
    if (!this.guest.node.serves()) return this.#drop();
    switch (request.verb) {
      case doozerVerbs.GET:
        return this.#get(request);
      case doozerVerbs.SET:
        return this.#set(request);
      case doozerVerbs.DEL:
        return this.#delete(request);
      case doozerVerbs.NOP:
        return this.#nop(request);
      case doozerVerbs.REV:
        return this.#rev(request);
      case doozerVerbs.WAIT:
        return this.#wait(request);
      case doozerVerbs.WALK:
        return this.#walk(request);
      case doozerVerbs.GETDIR:
        return this.#getdir(request);
      case doozerVerbs.STAT:
        return this.#stat(request);
      case doozerVerbs.SELF:
        return this.#inOrder(valueIs(request.tag, utf8(this.guest.node.id)));
      case doozerVerbs.ACCESS:
        return this.#accessVerb(request);
      default:
        return this.#inOrder(refusedWith(request.tag, 'UNKNOWN_VERB'));
    }
  }

  /** The connection is gone, and all its waits with it. */
  close(): void {
    this.#cancelCondemned();
    this.#refusal?.cancel();
    this.guest.close();
  }

  /** A client of 2011 takes an error for the cluster's answer; a closed connection sends it elsewhere. */
  #drop(): void {
    if (!this.guest.closed) this.#sink.drop('the state of this node is condemned');
  }

  // -------------------------------------------------------------------------------------------
  // Requests: what is checked, and in which order

  #get(request: DoozerRequest): void {
    if (!this.#mayRead(request)) return;
    if (request.path === null) return this.#missing(request);
    look(this, request, request.rev);
  }

  #stat(request: DoozerRequest): void {
    if (this.#mayRead(request)) look(this, request, request.rev);
  }

  #getdir(request: DoozerRequest): void {
    if (!this.#mayRead(request)) return;
    if (request.path === null || request.offset === null) return this.#missing(request);
    look(this, request, request.rev);
  }

  #walk(request: DoozerRequest): void {
    if (!this.#mayRead(request)) return;
    if (request.path === null || request.offset === null) return this.#missing(request);
    const glob = checkGlob(request.path, this.guest.limits);
    if (glob instanceof ClusterError) return this.#inOrder(failed(request.tag, glob));
    if (request.offset < 0) return this.#inOrder(refusedWith(request.tag, 'RANGE'));
    look(this, request, request.rev);
  }

  #wait(request: DoozerRequest): void {
    if (!this.#mayRead(request)) return;
    if (request.path === null || request.rev === null) return this.#missing(request);
    const glob = checkGlob(request.path, this.guest.limits);
    if (glob instanceof ClusterError) return this.#inOrder(failed(request.tag, glob));
    awaitEvent(this, request, glob, request.rev);
  }

  #set(request: DoozerRequest): void {
    if (!this.#mayWrite(request)) return;
    if (request.path === null || request.rev === null) return this.#missing(request);
    const path = checkPath(request.path, this.guest.limits);
    if (path instanceof ClusterError) return this.#inOrder(failed(request.tag, path));
    const body = request.value ?? noBytes;
    const tooLarge = checkBody(path, body, this.guest.limits);
    if (tooLarge !== null) return this.#inOrder(failed(request.tag, tooLarge));
    propose(this, request, { kind: 'set', path, body, guard: request.rev });
  }

  #delete(request: DoozerRequest): void {
    if (!this.#mayWrite(request)) return;
    if (request.path === null || request.rev === null) return this.#missing(request);
    const path = checkPath(request.path, this.guest.limits);
    if (path instanceof ClusterError) return this.#inOrder(failed(request.tag, path));
    propose(this, request, { kind: 'delete', path, guard: request.rev });
  }

  #nop(request: DoozerRequest): void {
    if (this.#mayWrite(request)) propose(this, request, { kind: 'nop' });
  }

  #rev(request: DoozerRequest): void {
    this.guest.begin();
    this.guest.node.read(new PendingRev(this.guest, this.#ordered, request));
  }

  #accessVerb(request: DoozerRequest): void {
    const verdict = this.#access.judge(request.value ?? noBytes, this.#address);
    if (verdict.kind === 'unheard') return this.#sink.drop('too many wrong secrets');
    if (verdict.kind === 'wrong') return this.#refuseLate(request, verdict.afterMs);
    this.guest.grant(verdict.right);
    this.#inOrder(done(request.tag));
  }

  /** Departs from doozerd: a wrong secret costs time, in which its connection gets nothing else done. */
  #refuseLate(request: DoozerRequest, afterMs: number): void {
    if (afterMs === 0) return this.#inOrder(denied(request.tag));
    this.guest.begin();
    this.guest.stall();
    this.#refusal = this.#clock.after(afterMs, () => {
      this.#refusal = null;
      this.guest.end();
      if (!this.guest.closed) this.#inOrder(denied(request.tag));
      this.guest.goOn();
    });
  }

  #mayRead(request: DoozerRequest): boolean {
    if (this.guest.may('read')) return true;
    this.#inOrder(denied(request.tag));
    return false;
  }

  #mayWrite(request: DoozerRequest): boolean {
    if (this.guest.may('write')) return true;
    this.#inOrder(denied(request.tag));
    return false;
  }

  #missing(request: DoozerRequest): void {
    this.#inOrder(refusedWith(request.tag, 'MISSING_ARG'));
  }

  // -------------------------------------------------------------------------------------------
  // Answers

  wrote(request: DoozerRequest, reply: Reply): void {
    this.#sink.answer(wroteAnswer(request, reply), 0);
  }

  viewed(request: DoozerRequest, view: View): void {
    this.#sink.answer(viewedAnswer(request, view, this.#cursors), 0);
  }

  happened(request: DoozerRequest, event: Event): void {
    this.#sink.answer(eventIs(request.tag, event), event.body.length);
  }

  refuse(request: DoozerRequest, error: ClusterError): void {
    this.#sink.answer(failed(request.tag, error), 0);
  }

  /** At once, or behind the REVs that came before and still wait for their barrier. */
  #inOrder(response: DoozerResponse): void {
    if (this.#ordered.empty) {
      this.#sink.answer(response, 0);
      return;
    }
    // Counts as in flight while it waits, so that what waits is bounded.
    this.guest.begin();
    this.#ordered.take(response);
  }

  #release(response: DoozerResponse): void {
    this.guest.end();
    if (!this.guest.closed) this.#sink.answer(response, 0);
  }
}

function wroteAnswer(request: DoozerRequest, reply: Reply): DoozerResponse {
  if (reply.kind === 'refused')
    return refused(request.tag, doozerErrorFor(reply.code, reply.detail));
  return request.verb === doozerVerbs.SET ? revIs(request.tag, reply.revision) : done(request.tag);
}

/** The answer to a read. A path that cannot be is simply not there, as in doozerd; an empty one too. */
function viewedAnswer(request: DoozerRequest, view: View, cursors: Cursors): DoozerResponse {
  const { tag } = request;
  const path = parsePath(request.path ?? '');
  const offset = request.offset ?? 0;
  switch (request.verb) {
    case doozerVerbs.GET:
      if (path === null) return fileIs(tag, null);
      return isDirectory(view, path) ? refusedWith(tag, 'ISDIR') : fileIs(tag, fileAt(view, path));
    case doozerVerbs.STAT:
      return statIs(tag, path === null ? { kind: 'missing' } : stat(view, path));
    case doozerVerbs.GETDIR: {
      const child = path === null ? noEntry : childAt(view, path, offset, cursors);
      return child.kind === 'name'
        ? nameIs(tag, child.name)
        : refusedWith(tag, notListed[child.kind]);
    }
    default: {
      const glob = must(compileGlob(request.path ?? ''), 'the glob of a WALK was checked');
      const found = matchAt(view, glob, offset, cursors);
      return found === null ? refusedWith(tag, 'RANGE') : matchIs(tag, found.path, found.file);
    }
  }
}

const noEntry = { kind: 'noEntry' } as const;
const notListed = { noEntry: 'NOENT', notDirectory: 'NOTDIR', range: 'RANGE' } as const;
