import { ClusterError, limits } from '../../base/index.ts';
import type { Entrance } from '../../life/index.ts';
import type { Logger } from '../../ports/index.ts';
import type { Server } from '../../server/index.ts';
import type { Process } from '../process.ts';
import type { End } from './connection.ts';
import { DoozerConnection } from './doozer-door.ts';
import { NativeConnection } from './native-door.ts';
import type { Listener, WireKind, Wires } from './wires.ts';

export type EntranceOf = {
  readonly server: Server;
  /** host:port where it listens. */
  readonly address: string;
  readonly process: Process;
  readonly logger: Logger;
};

export type EntranceParts = {
  readonly wires: Wires;
  readonly of: EntranceOf;
  /** Takes a link that a peer opened; false: it is closed at once. */
  readonly peer: (end: End) => boolean;
  readonly unsentBytesMax: number;
  readonly connectionsMax: number;
};

/** How often an entrance that stops looks whether everything was answered. */
const lookMs = 5;

type Connection = NativeConnection | DoozerConnection;

/** Everything that listens on a made-up node's one address. */
export class SimEntrance implements Entrance {
  readonly #parts: EntranceParts;
  readonly #listener: Listener;
  readonly #connections = new Set<Connection>();
  #stopped: Promise<void> | null = null;

  constructor(parts: EntranceParts) {
    this.#parts = parts;
    this.#listener = {
      process: parts.of.process,
      accept: (kind, end) => this.#accept(kind, end),
    };
  }

  /** @throws ERR_ADDRESS_IN_USE when a process that lives listens there. */
  readonly start = (): Promise<void> => {
    const { of, wires } = this.#parts;
    const other = wires.listenerAt(of.address);
    if (other !== null && other.process.state !== 'ended') {
      const words = `Cannot listen on "${of.address}": the address is in use`;
      return Promise.reject(new ClusterError('ERR_ADDRESS_IN_USE', words));
    }
    if (of.process.state !== 'ended') wires.listen(of.address, this.#listener);
    return Promise.resolve();
  };

  /** Open connections of guests. */
  get connections(): number {
    return this.#connections.size;
  }

  /** As the real doors: no new connection, no new request, answers within `limits.drainMs`, closes. */
  readonly stop = (): Promise<void> => {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  };

  async #stop(): Promise<void> {
    const { of, wires } = this.#parts;
    wires.unlisten(of.address, this.#listener);
    for (const connection of this.#connections) connection.quiesce();
    await this.#until(() => [...this.#connections].every(({ idle }) => idle));
    for (const connection of this.#connections) connection.end();
    await this.#until(() => this.#connections.size === 0);
    for (const connection of this.#connections) connection.cut();
  }

  #until(reached: () => boolean): Promise<void> {
    const { process } = this.#parts.of;
    const endMs = process.now() + limits.drainMs;
    return new Promise((resolve) => {
      const look = (): void => {
        if (reached() || process.now() >= endMs) resolve();
        else process.after(lookMs, look);
      };
      look();
    });
  }

  #accept(kind: WireKind, end: End): boolean {
    const { connectionsMax, of, peer, unsentBytesMax, wires } = this.#parts;
    if (kind === 'peer') return peer(end);
    if (this.#stopped !== null || this.#connections.size >= connectionsMax) return false;
    const { process: clock, server } = of;
    const { weather } = wires;
    const over = (connection: Connection): void => {
      this.#connections.delete(connection);
    };
    this.#connections.add(
      kind === 'native'
        ? new NativeConnection({ server, clock, weather, unsentBytesMax, over }, end)
        : new DoozerConnection({ server, weather, unsentBytesMax, over }, end),
    );
    return true;
  }
}
