import type { Socket } from 'node:net';
import { limits } from '../base/index.ts';
import type { Clock, Logger } from '../ports/index.ts';
import {
  DoozerFramer,
  type DoozerResponse,
  decodeDoozerRequest,
  encodeDoozerResponse,
} from '../protocol/doozer/index.ts';
import type { DoozerSession, Server } from '../server/index.ts';
import { Intake } from './intake.ts';
import { Outlet } from './outlet.ts';
import { HalfFrame, Unfinished } from './unfinished.ts';

export type DoozerDoorParts = {
  readonly server: Server;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Other than the usual, for tests. */
  readonly unsentBytesMax?: number;
  readonly unfinishedBytesMax?: number | undefined;
  readonly unfinishedMs?: number | undefined;
};

/** The door for clients of 2011: frames in, frames out. */
export class DoozerDoor {
  readonly #parts: DoozerDoorParts;
  readonly #connections = new Set<DoozerConnection>();
  readonly #unfinished: Unfinished;

  constructor(parts: DoozerDoorParts) {
    this.#parts = parts;
    this.#unfinished = new Unfinished({
      clock: parts.clock,
      bytesMax: parts.unfinishedBytesMax,
      lengthMs: parts.unfinishedMs,
    });
  }

  /** Takes over `socket`, whose first bytes were read already. */
  accept(socket: Socket, first: Uint8Array): void {
    const connection = new DoozerConnection(this.#parts, this.#unfinished, socket);
    this.#connections.add(connection);
    socket.once('close', () => {
      this.#connections.delete(connection);
      connection.closed();
    });
    connection.receive(first);
  }

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

  /** Closes every connection after what was written to it. */
  end(): void {
    for (const connection of this.#connections) connection.end();
  }
}

class DoozerConnection {
  readonly #socket: Socket;
  readonly #logger: Logger;
  readonly #framer = new DoozerFramer();
  readonly #session: DoozerSession;
  readonly #outlet: Outlet<DoozerResponse>;
  readonly #intake: Intake<Uint8Array>;
  readonly #half: HalfFrame;

  constructor(parts: DoozerDoorParts, unfinished: Unfinished, socket: Socket) {
    this.#socket = socket;
    this.#logger = parts.logger;
    this.#session = parts.server.openDoozer(
      {
        answer: (response, pinBytes) => this.#outlet.put(response, pinBytes),
        drop: (reason) => this.#drop(reason),
      },
      () => this.#intake.goOn(),
      socket.remoteAddress,
    );
    this.#outlet = new Outlet<DoozerResponse>({
      socket,
      write: (responses, first, room) => writeFrames(socket, responses, first, room),
      unsentBytesMax: parts.unsentBytesMax ?? limits.unsentBytesMax,
      drained: () => this.#intake.goOn(),
      overrun: () => this.#drop('it does not read its answers'),
    });
    this.#intake = new Intake<Uint8Array>({
      handle: (frame) => this.#handle(frame),
      mayTake: () => !this.#session.guest.full && this.#outlet.room,
      pause: () => socket.pause(),
      resume: () => {
        this.#half.again();
        socket.resume();
      },
    });
    this.#half = new HalfFrame(unfinished, {
      paused: () => socket.isPaused(),
      drop: (reason) => this.#drop(reason),
    });
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
  }

  receive(chunk: Uint8Array): void {
    if (this.#intake.closed) return;
    const frames = this.#framer.push(chunk);
    this.#half.holds(this.#framer.held, frames.length > 0);
    this.#intake.offer(frames);
    if (this.#framer.broken !== null) this.#drop(this.#framer.broken);
  }

  get idle(): boolean {
    return this.#session.guest.requests === 0 && this.#outlet.empty;
  }

  quiesce(): void {
    this.#intake.close();
    this.#socket.pause();
  }

  /** Waits end here; what was written still leaves. */
  end(): void {
    this.closed();
    this.#socket.end();
    // What still comes is thrown away; unread, it would hide that the other side closed too.
    this.#socket.resume();
  }

  closed(): void {
    this.#half.close();
    this.#intake.close();
    this.#outlet.close();
    this.#session.close();
  }

  #handle(frame: Uint8Array): void {
    const request = decodeDoozerRequest(frame);
    if (request === null) this.#drop('a request does not decode');
    else this.#session.handle(request);
  }

  /** Closes without a reply, as doozerd does; answers on their way are lost. */
  #drop(reason: string): void {
    this.#logger.debug({ reason }, 'doozer connection closed');
    this.#half.close();
    this.#intake.close();
    this.#outlet.close();
    this.#socket.destroy();
  }
}

/**
 * One write, of one buffer, with every frame whole in it. Some clients of 2011 read header and body
 * with one `recv` each, so a frame must not be cut; and a system call a frame would cost more than
 * the frame.
 */
function writeFrames(
  socket: Socket,
  responses: readonly DoozerResponse[],
  first: number,
  room: number,
): number {
  const frames: Uint8Array[] = [];
  let bytes = 0;
  for (let i = first; i < responses.length && bytes < room; i++) {
    const frame = encodeDoozerResponse(responses[i] as DoozerResponse);
    frames.push(frame);
    bytes += frame.length;
  }
  socket.write(frames.length === 1 ? (frames[0] as Uint8Array) : Buffer.concat(frames, bytes));
  return frames.length;
}
