import { ClusterError, limits } from '../../base/index.ts';
import type { Clock, Timer } from '../../ports/index.ts';
import {
  decodeClientHello,
  decodeRequests,
  encodeReplies,
  encodeServerHello,
  type NativeReply,
  type NativeRequest,
  nativeProtocol,
  sizeHint,
} from '../../protocol/client/index.ts';
import type { NativeSession, Server } from '../../server/index.ts';
import type { End } from './connection.ts';
import { Intake } from './intake.ts';
import { Outlet } from './outlet.ts';
import type { Weather } from './weather.ts';

export type NativeParts = {
  readonly server: Server;
  readonly clock: Clock;
  readonly weather: Weather;
  readonly unsentBytesMax: number;
  readonly over: (connection: NativeConnection) => void;
};

/** Closing codes of RFC 6455. */
const closed = { goingAway: 1001, protocolError: 1002, refused: 1008, tooBig: 1009 } as const;

/** A guest that speaks the native protocol, as the real door serves it. */
export class NativeConnection {
  readonly #parts: NativeParts;
  readonly #end: End;
  readonly #patience: Timer;
  readonly #outlet: Outlet<NativeReply>;
  readonly #intake: Intake<NativeRequest>;
  /** `null` until the hello was welcome. */
  #session: NativeSession | null = null;
  /** Of the protocol, as agreed in the hellos. */
  #version: number = nativeProtocol.oldest;

  constructor(parts: NativeParts, end: End) {
    this.#parts = parts;
    this.#end = end;
    this.#patience = parts.clock.after(limits.requestTimeoutMs, () => end.cut('no hello'));
    this.#outlet = new Outlet<NativeReply>({
      end,
      write: (replies, first, room) => writeMessage(end, this.#version, replies, first, room),
      unsentBytesMax: parts.unsentBytesMax,
      drained: () => {
        this.#intake.goOn();
        this.#session?.roomAgain();
      },
      overrun: () => this.#drop(closed.refused, 'it does not read its answers'),
    });
    this.#intake = new Intake<NativeRequest>({
      handle: (request) => {
        parts.weather.tap?.request(this, request);
        this.#session?.handle(request);
      },
      mayTake: () => this.#session?.guest.full !== true && this.#outlet.room,
      pause: () => end.pause(),
      resume: () => end.resume(),
    });
    end.handle({
      message: (bytes) => this.#receive(bytes),
      closed: () => {
        this.#closed();
        parts.over(this);
      },
      drained: () => this.#outlet.drained(),
    });
  }

  /** Every request that was taken is answered, and the answer has left. */
  get idle(): boolean {
    return (this.#session?.guest.requests ?? 0) === 0 && this.#outlet.empty;
  }

  quiesce(): void {
    this.#intake.close();
    this.#end.pause();
  }

  /** Waits end here; what was written still leaves. */
  end(): void {
    // All that was taken is answered: the client may send the rest elsewhere without a doubt.
    if (this.#session !== null && this.idle)
      this.#end.send(encodeReplies([farewell], this.#version));
    this.#closed();
    this.#end.resume();
    this.#end.close(closed.goingAway, 'the node stops');
  }

  cut(): void {
    this.#end.cut('the node stops');
  }

  #closed(): void {
    this.#parts.weather.tap?.closed(this);
    this.#patience.cancel();
    this.#intake.close();
    this.#outlet.close();
    this.#session?.close();
  }

  #receive(bytes: Uint8Array): void {
    this.#parts.weather.counts.guestMessages++;
    if (bytes.length > limits.frameBytesMax) return this.#drop(closed.tooBig, 'too large');
    try {
      if (this.#intake.closed) return;
      if (this.#session === null) this.#greet(bytes);
      else this.#intake.offer(decodeRequests(bytes));
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      this.#drop(closed.protocolError, error.message);
    }
  }

  #greet(bytes: Uint8Array): void {
    const opened = this.#parts.server.openNative(
      decodeClientHello(bytes),
      {
        answer: (reply, pinBytes) => {
          this.#parts.weather.tap?.reply(this, reply);
          this.#outlet.put(reply, pinBytes);
        },
        room: () => this.#outlet.room,
      },
      () => this.#intake.goOn(),
    );
    this.#patience.cancel();
    this.#end.send(encodeServerHello(opened.hello));
    this.#session = opened.session;
    this.#version = opened.hello.version;
    if (opened.hello.kind === 'refused') this.#drop(closed.refused, opened.hello.detail);
  }

  #drop(code: number, reason: string): void {
    this.#patience.cancel();
    this.#intake.close();
    this.#outlet.close();
    this.#end.close(code, reason);
  }
}

/** Under a tag that no request has: what is unanswered was not taken. */
const farewell: NativeReply = {
  kind: 'error',
  tag: 0,
  code: 'ERR_STOPPED',
  detail: 'the node stops',
  effect: 'none',
  leaderAddress: null,
  oldest: null,
  revision: null,
};

/** One message of as many replies as belong together in it. */
function writeMessage(
  end: End,
  version: number,
  replies: readonly NativeReply[],
  first: number,
  room: number,
): number {
  const bytesMax = Math.min(room, limits.batchBytesMax);
  let upto = first;
  for (let bytes = 0; upto < replies.length && bytes < bytesMax; upto++) {
    if (upto - first === limits.batchRepliesMax) break;
    bytes += sizeHint(replies[upto] as NativeReply);
  }
  const whole = first === 0 && upto === replies.length;
  end.send(encodeReplies(whole ? replies : replies.slice(first, upto), version));
  return upto - first;
}
