import { sameBytes, textOf } from '../../base/index.ts';
import { compileGlob } from '../../paths/index.ts';
import type { NativeEvent, NativeReply, NativeRequest } from '../../protocol/client/index.ts';
import type { NativeTap } from '../net/weather.ts';
import { Violation } from '../witness.ts';
import type { Counts } from './counts.ts';
import type { EventTable } from './events.ts';
import type { TreeModel } from './model.ts';
import { matcherOf } from './reads.ts';

type WatchRequest = Extract<NativeRequest, { readonly kind: 'watch' }>;
type Events = Extract<NativeReply, { readonly kind: 'events' }>;

/** What was sent with one word about progress. `after`: the progress before it. */
type Piece = {
  readonly after: number;
  readonly progress: number;
  readonly events: readonly NativeEvent[];
};

/** One watch on one connection, as it stands on the wire. */
type Stream = {
  readonly request: WatchRequest;
  readonly name: string;
  /** Events the node may still send. */
  credits: number;
  /** All that matches up to here was sent. */
  progress: number;
  readonly pieces: Piece[];
};

export type StreamsParts = {
  readonly counts: Counts;
  readonly events: EventTable;
};

/** What the whole run made known, for the end of it. */
export type StreamsEnd = {
  readonly model: TreeModel;
  /** The last revision of the entry that this revision belongs to. */
  readonly endOfRange: (revision: number) => number;
};

/**
 * `stream`: each watch of the native protocol as the node sends it, without the library, which would hide
 * a repeat or a mark that is ahead. After etcd's validators of watches: *ordered* and *unique* (revisions
 * rise), *filtered* (all match), *bookmarkable* (nothing at or below a word about progress comes after it),
 * *reliable* (whatever matches up to that word was sent before it), *resumable* (from the revision asked
 * for on, or "forgotten", and only if it is), *atomic* (a mark never stands inside a transaction; of the
 * events of one everybody is told of all that match, or the stream ends and is resumed inside), kind and
 * body are the event's own, and what is shown as standing there *before* did. And no more events than the
 * client gave credits for.
 *
 * @see https://github.com/etcd-io/etcd/blob/main/tests/robustness/validate/watch.go  the rules
 */
export class Streams implements NativeTap {
  readonly #parts: StreamsParts;
  readonly #open = new Map<object, Map<number, Stream>>();
  readonly #all: Stream[] = [];

  constructor(parts: StreamsParts) {
    this.#parts = parts;
  }

  readonly request = (connection: object, request: NativeRequest): void => {
    if (request.kind === 'watch') return this.#begin(connection, request);
    if (request.kind !== 'credit') return;
    const stream = this.#open.get(connection)?.get(request.tag);
    if (stream !== undefined) stream.credits += request.more;
  };

  readonly reply = (connection: object, reply: NativeReply): void => {
    if (reply.kind !== 'events' && reply.kind !== 'error') return;
    const streams = this.#open.get(connection);
    const stream = streams?.get(reply.tag);
    if (reply.kind === 'events') {
      if (stream === undefined) {
        throw new Violation('stream', `events come under tag ${reply.tag}, and no watch is there`);
      }
      this.#events(stream, reply);
    } else if (stream !== undefined) {
      streams?.delete(reply.tag);
      if (reply.code === 'ERR_COMPACTED') checkForgotten(stream, reply.oldest);
    }
  };

  readonly closed = (connection: object): void => {
    this.#open.delete(connection);
  };

  /** The run is over: what was sent, against all that happened. */
  check(end: StreamsEnd): void {
    for (const stream of this.#all) {
      const matches = matcherOf(stream.request.glob);
      for (const piece of stream.pieces) {
        this.#checkWhole(stream, piece, matches);
        for (const event of piece.events) this.#checkEvent(stream, event, end.model);
        if (piece.events.length > 0 || end.endOfRange(piece.progress) === piece.progress) continue;
        fail(stream, `is marked at ${piece.progress}, which is inside a transaction`);
      }
    }
  }

  #begin(connection: object, request: WatchRequest): void {
    // A bad glob is refused.
    if (compileGlob(request.glob) === null) return;
    const { counts } = this.#parts;
    const stream: Stream = {
      request,
      name: `stream ${counts.streams++} on ${request.glob} from ${request.from}`,
      credits: request.credits,
      progress: Math.max(1, request.from) - 1,
      pieces: [],
    };
    const streams = this.#open.get(connection);
    if (streams === undefined) this.#open.set(connection, new Map([[request.tag, stream]]));
    else streams.set(request.tag, stream);
    this.#all.push(stream);
  }

  #events(stream: Stream, { events, progress }: Events): void {
    const { counts } = this.#parts;
    let last = stream.progress;
    for (const { revision } of events) {
      if (revision <= last) fail(stream, `is sent revision ${revision} after ${last} was told`);
      last = revision;
    }
    if (progress < last) fail(stream, `is told of progress ${progress} after ${last}`);
    stream.credits -= events.length;
    if (stream.credits < 0) fail(stream, `is sent ${-stream.credits} events without a credit`);
    if (events.length === 0) counts.marks++;
    counts.streamEvents += events.length;
    stream.pieces.push({ after: stream.progress, progress, events });
    stream.progress = progress;
  }

  /** Everything that matches up to the progress that was told, and nothing else. */
  #checkWhole(stream: Stream, piece: Piece, matches: ReturnType<typeof matcherOf>): void {
    const { events } = this.#parts;
    const { after, progress } = piece;
    if (progress > events.newest) {
      fail(stream, `is told of progress ${progress}, and only ${events.newest} happened`);
    }
    let sent = 0;
    for (let at = after + 1; at <= progress; at++) {
      const event = events.at(at);
      const isSent = piece.events[sent]?.revision === at;
      if (isSent) sent++;
      if (event === undefined || isSent === matches(event)) continue;
      const what = `${event.kind} ${event.path} at ${at}`;
      fail(
        stream,
        isSent
          ? `is sent ${what}, which does not match`
          : `is told of progress ${progress} and was not sent ${what}`,
      );
    }
  }

  #checkEvent(stream: Stream, sent: NativeEvent, model: TreeModel): void {
    const { events } = this.#parts;
    const { kind, path, revision, previous } = sent;
    const event = events.at(revision);
    const what = `${kind} ${path} at ${revision}`;
    if (event === undefined) fail(stream, `is sent ${what}, which never happened`);
    const isSame = event.kind === kind && event.path === path && sameBytes(event.body, sent.body);
    if (!isSame) fail(stream, `is sent ${what}, and it was ${event.kind} ${event.path}`);
    if (!stream.request.previous) return;
    const before = kind === 'nop' ? null : model.fileAt(path, revision - 1);
    const body = before === null ? null : events.bodyAt(before.revision);
    const shown = previous === null ? null : textOf(previous);
    if (shown === body) return;
    fail(stream, `is sent ${what} with ${shown} before it, and there was ${body}`);
  }
}

function checkForgotten(stream: Stream, oldest: number | null): void {
  if (oldest === null || oldest > stream.progress + 1) return;
  fail(
    stream,
    `ends as forgotten, but ${oldest} is remembered and ${stream.progress + 1} comes next`,
  );
}

function fail({ name }: Stream, what: string): never {
  throw new Violation('stream', `${name} ${what}`);
}
