import { ClusterError, limits } from '../../base/index.ts';
import type { Dial, Socket } from '../../ports/index.ts';
import type { Process } from '../process.ts';
import type { End } from './connection.ts';
import type { Bye } from './lane.ts';
import type { Wires } from './wires.ts';

/** How long a closed connection may take to say good-bye, as for real sockets. */
const farewellMs = 250;

const unreachable = (address: string, reason: string): ClusterError =>
  new ClusterError('ERR_UNREACHABLE', `Cannot reach ${address}: ${reason}`);

/** Connections of the client library, from this process. */
export function dialFrom(wires: Wires, process: Process): Dial {
  return {
    connect: (to, timeoutMs) =>
      new Promise((opened, failed) => {
        let socket: SimSocket | null = null;
        const end = wires.call({
          process,
          to,
          kind: 'native',
          handlers: {
            message: (bytes) => {
              wires.weather.counts.guestMessages++;
              socket?.received(bytes);
            },
            closed: (bye) => {
              timer.cancel();
              if (socket === null) failed(unreachable(to, bye.reason));
              else socket.over(bye);
            },
          },
          opened: () => {
            timer.cancel();
            socket = new SimSocket(end, process);
            opened(socket);
          },
        });
        const timer = process.after(timeoutMs, () => end.cut('no answer'));
      }),
  };
}

class SimSocket implements Socket {
  readonly #end: End;
  readonly #process: Process;
  #listener: ((bytes: Uint8Array) => void) | null = null;
  #early: Uint8Array[] = [];
  #closed: ((reason: string) => void) | null = null;
  #over: Bye | null = null;

  constructor(end: End, process: Process) {
    this.#end = end;
    this.#process = process;
  }

  readonly send = (bytes: Uint8Array): void => this.#end.send(bytes);

  readonly onMessage = (handler: (bytes: Uint8Array) => void): void => {
    this.#listener = handler;
    const early = this.#early;
    this.#early = [];
    for (const bytes of early) handler(bytes);
  };

  readonly onClose = (handler: (reason: string) => void): void => {
    this.#closed = handler;
    if (this.#over !== null) handler(this.#over.reason);
  };

  readonly close = (): void => {
    if (this.#end.isClosed) return;
    this.#end.close(1000, 'the client is done');
    this.#process.after(farewellMs, () => this.#end.cut('closed'));
  };

  received(bytes: Uint8Array): void {
    if (this.#listener === null) this.#early.push(bytes);
    else this.#listener(bytes);
  }

  over(bye: Bye): void {
    this.#over = bye;
    this.#closed?.(bye.reason);
  }
}

/** A connection of a doozer client of 2011: bytes both ways, cut and joined as TCP likes. */
export class DoozerWire {
  readonly #wires: Wires;
  readonly #end: End;
  #opened = false;
  #closing = false;
  #early: Uint8Array[] = [];
  #unread: Uint8Array[] = [];
  #bytes: ((bytes: Uint8Array) => void) | null = null;
  #closed: ((reason: string) => void) | null = null;
  #over: Bye | null = null;

  constructor(wires: Wires, process: Process, to: string) {
    this.#wires = wires;
    const timer = process.after(limits.requestTimeoutMs, () => {
      if (!this.#opened) this.#end.cut('no answer');
    });
    this.#end = wires.call({
      process,
      to,
      kind: 'doozer',
      handlers: {
        message: (bytes) => this.#received(bytes),
        closed: (bye) => {
          timer.cancel();
          this.#over = bye;
          this.#closed?.(bye.reason);
        },
      },
      opened: () => {
        timer.cancel();
        this.#opened = true;
        for (const bytes of this.#early) this.#send(bytes);
        this.#early = [];
        if (this.#closing) this.#end.close(1000, 'closed');
      },
    });
  }

  /** Before the connection is open it waits; on one that is closed it is lost. */
  send(bytes: Uint8Array): void {
    if (this.#opened) this.#send(bytes);
    else this.#early.push(bytes);
  }

  onBytes(handler: (bytes: Uint8Array) => void): void {
    this.#bytes = handler;
    for (const bytes of this.#unread) handler(bytes);
    this.#unread = [];
  }

  /** Called once, also when nobody took the connection. */
  onClose(handler: (reason: string) => void): void {
    this.#closed = handler;
    if (this.#over !== null) handler(this.#over.reason);
  }

  close(): void {
    this.#closing = true;
    if (this.#opened) this.#end.close(1000, 'closed');
  }

  /** Stops and goes on reading: a guest that is slow. */
  pause(): void {
    this.#end.pause();
  }

  resume(): void {
    this.#end.resume();
  }

  #send(bytes: Uint8Array): void {
    for (const piece of piecesOf(bytes, this.#wires.weather)) this.#end.send(piece);
  }

  #received(bytes: Uint8Array): void {
    this.#wires.weather.counts.guestMessages++;
    if (this.#bytes === null) this.#unread.push(bytes);
    else this.#bytes(bytes);
  }
}

/** So many of a hundred chunks of a byte stream arrive in two. */
const cutPercent = 5;

/** `bytes` as TCP may hand them over: sometimes cut anywhere. */
export function piecesOf(bytes: Uint8Array, weather: Wires['weather']): readonly Uint8Array[] {
  if (bytes.length < 2 || !weather.hits(cutPercent)) return [bytes];
  const at = 1 + weather.chance.below(bytes.length - 1);
  return [bytes.subarray(0, at), bytes.subarray(at)];
}
