import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { ClusterError, limits } from '../base/index.ts';
import type { Clock, Logger, Timer } from '../ports/index.ts';
import {
  decodeClientHello,
  decodeRequests,
  encodeReplies,
  encodeServerHello,
  type NativeReply,
  type NativeRequest,
  nativeProtocol,
  type ServerHello,
  sizeHint,
} from '../protocol/client/index.ts';
import type { NativeSession, Server } from '../server/index.ts';
import { Intake } from './intake.ts';
import { Outlet } from './outlet.ts';

export type NativeDoorParts = {
  readonly server: Server;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Other than the usual, for tests. */
  readonly unsentBytesMax?: number;
};

/** Closing codes of RFC 6455. */
const closed = { goingAway: 1001, protocolError: 1002, unsupported: 1003, refused: 1008 } as const;

/** The door for our own client: the native protocol over a WebSocket, binary messages only. */
export class NativeDoor {
  readonly #parts: NativeDoorParts;
  readonly #connections = new Set<NativeConnection>();
  readonly #sockets = new WebSocketServer({
    noServer: true,
    // Compression costs more than it saves on small messages, and keeps a window a connection.
    perMessageDeflate: false,
    maxPayload: limits.frameBytesMax,
    clientTracking: false,
  });

  constructor(parts: NativeDoorParts) {
    this.#parts = parts;
  }

  /** Takes an upgrade request for the native protocol. */
  readonly upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const connection = new NativeConnection(
        this.#parts,
        webSocket,
        socket,
        request.socket.remoteAddress,
      );
      this.#connections.add(connection);
      webSocket.once('close', () => {
        this.#connections.delete(connection);
        connection.closed();
      });
    });
  };

  get connections(): number {
    return this.#connections.size;
  }

  /** Reads nothing more. */
  quiesce(): void {
    for (const connection of this.#connections) connection.quiesce();
  }

  /** Every request that was taken is answered, and the answer has left. */
  get idle(): boolean {
    for (const connection of this.#connections) if (!connection.idle) return false;
    return true;
  }

  /** Says good-bye to every connection after what was written to it. */
  end(): void {
    for (const connection of this.#connections) connection.end();
  }
}

class NativeConnection {
  readonly #parts: NativeDoorParts;
  readonly #webSocket: WebSocket;
  readonly #address: string | undefined;
  /** Until the hello; then, if it is refused late, until its answer leaves. */
  #patience: Timer;
  readonly #outlet: Outlet<NativeReply>;
  readonly #intake: Intake<NativeRequest>;
  /** `null` until the hello was welcome. */
  #session: NativeSession | null = null;
  /** Of the protocol, as agreed in the hellos. */
  #version: number = nativeProtocol.oldest;

  constructor(
    parts: NativeDoorParts,
    webSocket: WebSocket,
    socket: Duplex,
    address: string | undefined,
  ) {
    this.#parts = parts;
    this.#address = address;
    this.#webSocket = webSocket;
    this.#patience = parts.clock.after(limits.requestTimeoutMs, () => webSocket.terminate());
    this.#outlet = new Outlet<NativeReply>({
      socket,
      write: (replies, first, room) => writeMessage(webSocket, this.#version, replies, first, room),
      unsentBytesMax: parts.unsentBytesMax ?? limits.unsentBytesMax,
      drained: () => {
        this.#intake.goOn();
        this.#session?.roomAgain();
      },
      overrun: () => this.#drop(closed.refused, 'it does not read its answers'),
    });
    this.#intake = new Intake<NativeRequest>({
      handle: (request) => this.#session?.handle(request),
      mayTake: () => this.#session?.guest.full !== true && this.#outlet.room,
      pause: () => webSocket.pause(),
      resume: () => webSocket.resume(),
    });
    webSocket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    // ws closes the connection itself; the reason is only for people.
    webSocket.on('error', (error) => {
      parts.logger.debug({ reason: error.message }, 'native connection failed');
    });
  }

  get idle(): boolean {
    return (this.#session?.guest.requests ?? 0) === 0 && this.#outlet.empty;
  }

  quiesce(): void {
    this.#intake.close();
    this.#webSocket.pause();
  }

  /** Waits end here; what was written still leaves. */
  end(): void {
    // All that was taken is answered: the client may send the rest elsewhere without a doubt.
    if (this.#session !== null && this.idle)
      this.#webSocket.send(encodeReplies([farewell], this.#version));
    this.closed();
    // Or the other side's half of the closing handshake would never be read.
    this.#webSocket.resume();
    this.#webSocket.close(closed.goingAway, 'the node stops');
  }

  closed(): void {
    this.#patience.cancel();
    this.#intake.close();
    this.#outlet.close();
    this.#session?.close();
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (!isBinary) return this.#drop(closed.unsupported, 'messages are binary');
    try {
      // With the usual binary type a message is one Buffer.
      const bytes = data as Buffer;
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
        answer: (reply, pinBytes) => this.#outlet.put(reply, pinBytes),
        room: () => this.#outlet.room,
      },
      () => this.#intake.goOn(),
      this.#address,
    );
    this.#patience.cancel();
    if (opened.session === null) {
      this.#refuse(opened.hello, opened.afterMs);
      return;
    }
    this.#webSocket.send(encodeServerHello(opened.hello));
    this.#session = opened.session;
    this.#version = opened.hello.version;
  }

  /** Nothing more is heard; the answer leaves after `afterMs`, unless the guest does before. */
  #refuse(hello: Extract<ServerHello, { kind: 'refused' }>, afterMs: number): void {
    this.#intake.close();
    const answer = () => {
      this.#webSocket.send(encodeServerHello(hello));
      this.#drop(closed.refused, hello.detail);
    };
    if (afterMs === 0) answer();
    else this.#patience = this.#parts.clock.after(afterMs, answer);
  }

  #drop(code: number, reason: string): void {
    this.#parts.logger.debug({ reason }, 'native connection closed');
    this.#patience.cancel();
    this.#intake.close();
    this.#outlet.close();
    this.#webSocket.close(code, shortened(reason));
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
  webSocket: WebSocket,
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
  webSocket.send(encodeReplies(whole ? replies : replies.slice(first, upto), version));
  return upto - first;
}

/** A closing reason has at most 123 bytes (RFC 6455, 5.5). */
const shortened = (reason: string): string =>
  Buffer.from(reason)
    .subarray(0, 120)
    .toString('latin1')
    .replace(/[^ -~]/g, '?');
