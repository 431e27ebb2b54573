import { ClusterError, prng } from '../../src/base/index.ts';
import { Client, type ClientOptions } from '../../src/client/index.ts';
import type { Clock, Dial, Socket } from '../../src/ports/index.ts';
import { FakeCluster, type FakeNode } from './fake-cluster.ts';

/** Lets everything happen that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 12; i++) await new Promise((turn) => setImmediate(turn));
}

type FakeTimer = { at: number; then: () => void };

/** A clock that stands still until it is told to go on. */
export class FakeClock implements Clock {
  #now = 0;
  readonly #timers = new Set<FakeTimer>();

  readonly now = (): number => this.#now;
  readonly soon = (then: () => void): void => {
    setImmediate(then);
  };
  readonly after = (ms: number, then: () => void): { cancel: () => void } => {
    const timer = { at: this.#now + ms, then };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  };

  get timers(): number {
    return this.#timers.size;
  }

  /** Time goes on, and this process with it only later: no timer has fired yet. */
  jump(ms: number): void {
    this.#now += ms;
  }

  /** Time goes on by `ms`, timer by timer; after each everything it caused may happen. */
  async run(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settle();
    while (true) {
      const [next] = [...this.#timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.then();
      await settle();
    }
    this.#now = until;
  }

  /** Time goes on until `done` says so, at most `mostMs`; returns how long that took. */
  async runUntil(done: () => boolean, mostMs: number): Promise<number> {
    const startedAt = this.#now;
    await settle();
    while (!done() && this.#now - startedAt < mostMs) await this.run(10);
    return this.#now - startedAt;
  }
}

/** A cluster of fake nodes, and a client of it over made-up sockets and time. */
export class World {
  readonly clock = new FakeClock();
  readonly cluster = new FakeCluster();
  /** Addresses dialled, in order. */
  readonly dialled: string[] = [];

  nodes(count: number): FakeNode[] {
    return Array.from({ length: count }, (_, i) => this.cluster.node(`n${i + 1}:1`));
  }

  client(options: Partial<ClientOptions> = {}, seed = 1): Client {
    const { clock } = this;
    const parts = { clock, dial: this.dial, prng: prng(seed) };
    return new Client(parts, { addresses: ['n1:1'], ...options });
  }

  /** The node a client is connected to. */
  connected(): FakeNode | undefined {
    return this.cluster.nodes.find((node) => node.mood === 'up' && node.sessions.size > 0);
  }

  readonly dial: Dial = {
    connect: async (address) => {
      this.dialled.push(address);
      const node = this.cluster.nodes.find((known) => known.address === address);
      if (node === undefined || node.mood === 'down') {
        throw new ClusterError('ERR_UNREACHABLE', `Cannot reach ${address}: connection refused`);
      }
      return socketTo(node);
    },
  };
}

/** A made-up node, as a socket sees it. */
type Listener = {
  readonly connect: (connection: {
    readonly send: (bytes: Uint8Array) => void;
    readonly close: (reason: string) => void;
  }) => { readonly received: (bytes: Uint8Array) => void; readonly gone: () => void };
};

/** Both directions take a turn, as real ones do. */
export function socketTo(node: Listener): Socket {
  let message: (bytes: Uint8Array) => void = () => undefined;
  let closed: (reason: string) => void = () => undefined;
  let over = false;
  const session = node.connect({
    send: (bytes) => {
      setImmediate(() => over || message(bytes));
    },
    close: (reason) => {
      setImmediate(() => {
        if (over) return;
        over = true;
        closed(reason);
      });
    },
  });
  return {
    send: (bytes) => {
      const copy = Uint8Array.from(bytes);
      setImmediate(() => over || session.received(copy));
    },
    onMessage: (handler) => {
      message = handler;
    },
    onClose: (handler) => {
      closed = handler;
    },
    close: () => {
      if (over) return;
      over = true;
      session.gone();
    },
  };
}

/** How a promise ended, as far as it has. */
export function outcomeOf<T>(promise: Promise<T>): { readonly of: () => T | Error | 'pending' } {
  let outcome: T | Error | 'pending' = 'pending';
  promise.then(
    (value) => {
      outcome = value;
    },
    (error: Error) => {
      outcome = error;
    },
  );
  return { of: () => outcome };
}

/** The code an operation fails with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    return `no error but ${String(await promise)}`;
  } catch (error) {
    return error instanceof ClusterError ? error.code : String(error);
  }
}
