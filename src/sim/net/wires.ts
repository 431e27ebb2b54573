import { limits } from '../../base/index.ts';
import type { Process } from '../process.ts';
import { End, type EndHandlers } from './connection.ts';
import { guestsWay, type Weather } from './weather.ts';

/** What a connection is for. The real thing tells by the first byte and the path asked for. */
export type WireKind = 'peer' | 'native' | 'doozer';

export type Listener = {
  readonly process: Process;
  /** Takes the connection, with handlers set; false: it is refused. */
  readonly accept: (kind: WireKind, end: End) => boolean;
};

export type Call = {
  readonly process: Process;
  readonly to: string;
  readonly kind: WireKind;
  /** `closed` is called too when nobody took the connection. */
  readonly handlers: EndHandlers;
  readonly opened: (end: End) => void;
};

/** All connections of a made-up network, and who listens where. */
export class Wires {
  readonly weather: Weather;
  readonly #listeners = new Map<string, Listener>();
  readonly #addresses = new Map<Process, string>();
  readonly #ends = new Map<Process, Set<End>>();
  /** Machines without power, and the ends that were there when it went. */
  readonly #silent = new Map<string, readonly End[]>();
  /** Processes that nobody can reach, and that reach nobody, until then. */
  readonly #cutOff = new Map<Process, number>();
  #names = 0;

  constructor(weather: Weather) {
    this.weather = weather;
  }

  /** This process is at that address from now on: the machine is up. What it had before is unknown to it. */
  isAt(process: Process, address: string): void {
    this.#addresses.set(process, address);
    const before = this.#silent.get(address);
    if (before === undefined) return;
    this.#silent.delete(address);
    for (const end of before) {
      end.mute(false);
      end.other?.resetComes('connection reset');
    }
  }

  /** Replaces whoever listened there before. */
  listen(address: string, listener: Listener): void {
    this.isAt(listener.process, address);
    this.#listeners.set(address, listener);
  }

  unlisten(address: string, listener: Listener): void {
    if (this.#listeners.get(address) === listener) this.#listeners.delete(address);
  }

  listenerAt(address: string): Listener | null {
    return this.#listeners.get(address) ?? null;
  }

  /** Begins a connection. Nothing more is heard of it when the other machine is silent. */
  call(call: Call): End {
    const { weather } = this;
    weather.counts.dials++;
    const from = this.#addresses.get(call.process) ?? guestsWay;
    const end = this.#end(call.process, call.kind, from, call.to);
    end.handle(call.handlers);
    end.whenOpened(() => call.opened(end));
    const go = (): void => end.way.carry(() => this.#callComes(call, end));
    const untilMs = this.#cutOff.get(call.process) ?? 0;
    if (untilMs > weather.world.nowMs) weather.world.at(untilMs, go);
    else go();
    return end;
  }

  /** Its connections close, as seen from both ends, and those that it opens wait until `forMs` have passed. */
  cutOff(process: Process, forMs: number): void {
    const { counts, world } = this.weather;
    this.#cutOff.set(process, world.nowMs + forMs);
    for (const end of [...(this.#ends.get(process) ?? [])]) {
      counts.resets++;
      const { other } = end;
      end.cutFromOutside('connection reset');
      other?.cutFromOutside('connection reset');
    }
  }

  /** Open connections between nodes that lead from `from` to `to`. */
  linksBetween(from: string, to: string): End[] {
    const found: End[] = [];
    for (const [process, address] of this.#addresses) {
      if (address !== from) continue;
      for (const end of this.#ends.get(process) ?? []) {
        if (end.kind === 'peer' && end.way.to === to) found.push(end);
      }
    }
    return found;
  }

  /** Connections that guests have with this node. */
  guestsAt(address: string): End[] {
    const process = this.#listeners.get(address)?.process;
    const ends = process === undefined ? [] : [...(this.#ends.get(process) ?? [])];
    return ends.filter((end) => end.kind !== 'peer' && end.accepted);
  }

  processEnded(process: Process, how: 'reset' | 'silence'): void {
    const address = this.#addresses.get(process) ?? null;
    this.#addresses.delete(process);
    const silently = how === 'silence';
    const ends = [...(this.#ends.get(process) ?? [])];
    this.#ends.delete(process);
    for (const end of ends) end.die(silently);
    if (address !== null) {
      const listener = this.#listeners.get(address);
      if (listener?.process === process) this.#listeners.delete(address);
      if (silently) this.#silent.set(address, [...(this.#silent.get(address) ?? []), ...ends]);
    }
    if (silently) this.#keepAlive(ends.filter((end) => end.kind !== 'peer'));
  }

  /** The kernel at the other end tries a quiet connection twice, and gives it up. */
  #keepAlive(ends: readonly End[]): void {
    if (ends.length === 0) return;
    this.weather.world.after(2 * limits.keepAliveMs, () => {
      for (const end of ends) end.other?.cutFromOutside('no sign of life');
    });
  }

  #callComes(call: Call, from: End): void {
    if (from.isClosed || call.process.state === 'ended') return;
    const listener = this.#listeners.get(call.to);
    if (listener === undefined || listener.process.state === 'ended') {
      if (!this.#silent.has(call.to)) this.#refuse(from);
      return;
    }
    listener.process.run('accept', () => {
      if (from.isClosed || call.process.state === 'ended') return;
      const end = this.#end(listener.process, call.kind, call.to, from.way.from);
      end.accepted = true;
      End.join(from, end);
      if (this.#listeners.get(call.to) === listener && listener.accept(call.kind, end)) {
        end.accept();
      } else {
        this.#forget(end);
        this.#refuse(from);
      }
    });
  }

  #refuse(end: End): void {
    this.weather.counts.refusedDials++;
    this.weather
      .way(end.way.to, end.way.from)
      .carry(() => end.cutFromOutside('connection refused'));
  }

  #end(process: Process, kind: WireKind, from: string, to: string): End {
    const { weather } = this;
    const end: End = new End({
      weather,
      way: weather.way(from, to),
      process,
      kind,
      name: `wire ${this.#names++}`,
      gone: () => this.#forget(end),
    });
    const ends = this.#ends.get(process);
    if (ends === undefined) this.#ends.set(process, new Set([end]));
    else ends.add(end);
    return end;
  }

  #forget(end: End): void {
    this.#ends.get(end.process)?.delete(end);
  }
}
