import {
  DoozerFramer,
  type DoozerResponse,
  decodeDoozerRequest,
  encodeDoozerResponse,
} from '../../protocol/doozer/index.ts';
import type { DoozerSession, Server } from '../../server/index.ts';
import type { End } from './connection.ts';
import { piecesOf } from './dial.ts';
import { Intake } from './intake.ts';
import { Outlet } from './outlet.ts';
import type { Weather } from './weather.ts';

export type DoozerParts = {
  readonly server: Server;
  readonly weather: Weather;
  readonly unsentBytesMax: number;
  readonly over: (connection: DoozerConnection) => void;
};

/** A guest of 2011, as the real door serves it: frames in, frames out. */
export class DoozerConnection {
  readonly #end: End;
  readonly #weather: Weather;
  readonly #framer = new DoozerFramer();
  readonly #session: DoozerSession;
  readonly #outlet: Outlet<DoozerResponse>;
  readonly #intake: Intake<Uint8Array>;

  constructor(parts: DoozerParts, end: End) {
    this.#end = end;
    this.#weather = parts.weather;
    this.#session = parts.server.openDoozer(
      {
        answer: (response, pinBytes) => this.#outlet.put(response, pinBytes),
        drop: (reason) => this.#drop(reason),
      },
      () => this.#intake.goOn(),
    );
    this.#outlet = new Outlet<DoozerResponse>({
      end,
      write: (responses, first, room) => this.#write(responses, first, room),
      unsentBytesMax: parts.unsentBytesMax,
      drained: () => this.#intake.goOn(),
      overrun: () => this.#drop('it does not read its answers'),
    });
    this.#intake = new Intake<Uint8Array>({
      handle: (frame) => this.#handle(frame),
      mayTake: () => !this.#session.guest.full && this.#outlet.room,
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

  get idle(): boolean {
    return this.#session.guest.requests === 0 && this.#outlet.empty;
  }

  quiesce(): void {
    this.#intake.close();
    this.#end.pause();
  }

  end(): void {
    this.#closed();
    this.#end.resume();
    this.#end.close(1000, 'closed');
  }

  cut(): void {
    this.#end.cut('the node stops');
  }

  #closed(): void {
    this.#intake.close();
    this.#outlet.close();
    this.#session.close();
  }

  #receive(chunk: Uint8Array): void {
    this.#weather.counts.guestMessages++;
    if (this.#intake.closed) return;
    this.#intake.offer(this.#framer.push(chunk));
    if (this.#framer.broken !== null) this.#drop(this.#framer.broken);
  }

  #handle(frame: Uint8Array): void {
    const request = decodeDoozerRequest(frame);
    if (request === null) this.#drop('a request does not decode');
    else this.#session.handle(request);
  }

  /** Closes without a reply; answers on their way are lost. */
  #drop(reason: string): void {
    this.#intake.close();
    this.#outlet.close();
    this.#end.cut(reason);
  }

  #write(responses: readonly DoozerResponse[], first: number, room: number): number {
    const frames: Uint8Array[] = [];
    let length = 0;
    for (let i = first; i < responses.length && length < room; i++) {
      const frame = encodeDoozerResponse(responses[i] as DoozerResponse);
      frames.push(frame);
      length += frame.length;
    }
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const frame of frames) {
      bytes.set(frame, at);
      at += frame.length;
    }
    for (const piece of piecesOf(bytes, this.#weather)) this.#end.send(piece);
    return frames.length;
  }
}
