import { ClusterError } from '../../../src/connect/index.ts';
import type { DoozerResponse } from '../../../src/protocol/doozer/index.ts';
import { type Ask, DoozerClient, verbs } from '../doozer-client.ts';
import { pause } from '../wait.ts';
import type { Asker } from './asker.ts';
import { bodyText } from './body.ts';
import { Told } from './recorder.ts';
import type { Change } from './types.ts';

const tooLate = 4;
const revMismatch = 5;
const set = 4;
const deleted = 8;
/** How an error says that nothing was done. */
const certainlyNot = ['no quorum', 'no leader', 'overloaded', 'not done', 'stopping', 'disk full'];
/** Longer than a node takes to say no. */
const patienceMs = 6000;
const waitPatienceMs = 3000;

const bodyOf = ({ value }: DoozerResponse): string => bodyText(value);

/** A client of 2011 that goes on to the next address when its connection is lost. */
export class OldClient implements Asker {
  readonly name: string;
  readonly #addresses: readonly string[];
  #at: number;
  #client: DoozerClient | null = null;
  #closed = false;

  constructor(name: string, addresses: readonly string[], at: number) {
    this.name = name;
    this.#addresses = addresses;
    this.#at = at;
  }

  close(): void {
    this.#closed = true;
    this.#client?.close();
  }

  async set(path: string, body: string, rev: number): Promise<number> {
    const response = await this.#ask({ verb: verbs.set, path, value: Buffer.from(body), rev });
    return response.rev ?? 0;
  }

  /** Doozer's answer to a delete names no revision: 0. */
  async delete(path: string, rev: number): Promise<number> {
    const response = await this.#ask({ verb: verbs.delete, path, rev });
    return response.rev ?? 0;
  }

  async get(path: string, at: number | null): Promise<{ revision: number; body: string }> {
    const ask = { verb: verbs.get, path, ...(at === null ? {} : { rev: at }) };
    const response = await this.#ask(ask);
    return { revision: response.rev ?? 0, body: bodyOf(response) };
  }

  async rev(): Promise<number> {
    return (await this.#ask({ verb: verbs.rev })).rev ?? 0;
  }

  /** The next change; `null`: none came, ask again. */
  async wait(glob: string, rev: number): Promise<Change | null | 'compacted'> {
    try {
      const response = await this.#ask({ verb: verbs.wait, path: glob, rev }, waitPatienceMs);
      const flags = response.flags ?? 0;
      const kind = (flags & set) !== 0 ? 'set' : (flags & deleted) !== 0 ? 'delete' : 'nop';
      return {
        kind,
        path: response.path ?? '',
        body: bodyOf(response),
        revision: response.rev ?? 0,
      };
    } catch (error) {
      if (error instanceof Told && error.outcome.kind === 'none' && error.outcome.code === 'late') {
        return 'compacted';
      }
      if (!this.#closed) await pause(20);
      return null;
    }
  }

  async #ask(ask: Ask, withinMs = patienceMs): Promise<DoozerResponse> {
    const client = await this.#connected();
    let response: DoozerResponse;
    try {
      response = await client.ask(ask, withinMs);
    } catch (error) {
      client.close();
      if (this.#client === client) this.#client = null;
      this.#at++;
      throw new Told({ kind: 'unknown', code: error instanceof Error ? error.message : 'lost' });
    }
    if (response.errCode === null) return response;
    if (response.errCode === revMismatch) throw new Told({ kind: 'mismatch' });
    if (response.errCode === tooLate) throw new Told({ kind: 'none', code: 'late' });
    const code = response.errDetail ?? String(response.errCode);
    // This node cannot; another one may.
    this.#at++;
    client.close();
    this.#client = null;
    const none = certainlyNot.some((words) => code.startsWith(words));
    throw new Told({ kind: none ? 'none' : 'unknown', code });
  }

  /** @throws ERR_UNREACHABLE: nothing was sent. */
  async #connected(): Promise<DoozerClient> {
    if (this.#client !== null) return this.#client;
    const address = this.#addresses[this.#at % this.#addresses.length] ?? '';
    try {
      this.#client = await DoozerClient.connect(address);
      return this.#client;
    } catch (error) {
      this.#at++;
      await pause(20);
      throw new ClusterError('ERR_UNREACHABLE', `Cannot reach ${address}`, { cause: error });
    }
  }
}
