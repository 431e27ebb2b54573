import { connect, type Socket } from 'node:net';
import {
  DoozerFramer,
  type DoozerResponse,
  decodeDoozerResponse,
  encodeDoozerRequest,
} from '../../src/protocol/doozer/index.ts';
import { pause } from './wait.ts';

export const verbs = {
  get: 1,
  set: 2,
  delete: 3,
  rev: 5,
  wait: 6,
  nop: 7,
  walk: 9,
  self: 20,
} as const;

type Asked = {
  readonly resolve: (response: DoozerResponse) => void;
  readonly reject: (error: Error) => void;
};

export type Ask = {
  readonly verb: number;
  readonly path?: string;
  readonly value?: Uint8Array;
  readonly rev?: number;
  readonly offset?: number;
};

/** A client as of 2011: one TCP connection, tags, no fail-over. Written for drills. */
export class DoozerClient {
  readonly #socket: Socket;
  readonly #asked = new Map<number, Asked>();
  readonly #framer = new DoozerFramer();
  #tag = 0;
  #closed: Error | null = null;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      for (const frame of this.#framer.push(chunk)) this.#answer(frame);
    });
    socket.on('error', () => {});
    socket.on('close', () => this.#end(new Error('connection closed')));
  }

  static connect(address: string, timeoutMs = 500): Promise<DoozerClient> {
    const [host = '', port = ''] = address.split(':');
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port: Number(port) });
      const timer = setTimeout(() => {
        socket.destroy();
        reject(new Error(`no connection to ${address} within ${timeoutMs} ms`));
      }, timeoutMs);
      socket.once('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
      socket.once('connect', () => {
        clearTimeout(timer);
        resolve(new DoozerClient(socket));
      });
    });
  }

  /** Rejected when the connection ends or `patienceMs` pass: then the outcome is not known. */
  ask(request: Ask, patienceMs = 5000): Promise<DoozerResponse> {
    if (this.#closed !== null) return Promise.reject(this.#closed);
    this.#tag = (this.#tag + 1) & 0x7fffffff;
    const tag = this.#tag;
    const { verb, path = null, value = null, rev = null, offset = null } = request;
    this.#socket.write(encodeDoozerRequest({ tag, verb, path, value, rev, offset }));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#asked.delete(tag);
        reject(new Error(`no answer within ${patienceMs} ms`));
      }, patienceMs);
      const settle =
        <T>(then: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          then(value);
        };
      this.#asked.set(tag, { resolve: settle(resolve), reject: settle(reject) });
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #answer(frame: Uint8Array): void {
    const response = decodeDoozerResponse(frame);
    if (response === null || response.tag === null) return;
    const asked = this.#asked.get(response.tag);
    this.#asked.delete(response.tag);
    asked?.resolve(response);
  }

  #end(error: Error): void {
    this.#closed = error;
    for (const { reject } of this.#asked.values()) reject(error);
    this.#asked.clear();
  }
}

/** One write that was acknowledged. */
export type Acknowledged = { readonly path: string; readonly value: string; readonly rev: number };

/**
 * Clients that write without pause until stopped, moving on to the next address when theirs fails.
 * Keeps what was acknowledged, and the moments of success.
 */
export class Load {
  readonly acknowledged: Acknowledged[] = [];
  readonly successMs: number[] = [];
  unknown = 0;
  #stopped = false;
  readonly #running: Promise<void>[];

  constructor(addresses: readonly string[], clients: number, patienceMs = 300) {
    this.#running = Array.from({ length: clients }, (_, i) =>
      this.#client(addresses, i, patienceMs),
    );
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
  }

  /** How long after `fromMs` the next write that was begun meanwhile succeeded; `null`: not yet. */
  firstSuccessAfter(fromMs: number): number | null {
    for (let i = this.successMs.length - 1; i >= 0; i--) {
      const at = this.successMs[i] ?? 0;
      if (at < fromMs) {
        const next = this.successMs[i + 1];
        return next === undefined ? null : next - fromMs;
      }
    }
    return null;
  }

  /** The longest time without any success within [fromMs, toMs]. */
  longestGap(fromMs: number, toMs: number): number {
    let last = fromMs;
    let longest = 0;
    for (const at of this.successMs) {
      if (at < fromMs || at > toMs) continue;
      longest = Math.max(longest, at - last);
      last = at;
    }
    return Math.max(longest, toMs - last);
  }

  async #client(addresses: readonly string[], i: number, patienceMs: number): Promise<void> {
    let client: DoozerClient | null = null;
    let at = i;
    for (let n = 0; !this.#stopped; n++) {
      try {
        client ??= await DoozerClient.connect(addresses[at % addresses.length] ?? '');
        const path = `/load/c${i}/n${n}`;
        const value = `${i}.${n}`;
        const response = await client.ask(
          { verb: verbs.set, path, value: Buffer.from(value), rev: -1 },
          patienceMs,
        );
        if (response.errCode === null) {
          this.acknowledged.push({ path, value, rev: response.rev ?? 0 });
          this.successMs.push(performance.now());
        } else this.unknown++;
      } catch {
        this.unknown++;
        client?.close();
        client = null;
        at++;
        await pause(10);
      }
    }
    client?.close();
  }
}
