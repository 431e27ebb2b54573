import { ClusterError, type Prng, utf8 } from '../../base/index.ts';
import {
  type Client,
  type Decision,
  type Leadership,
  type Lock,
  put,
  when,
} from '../../client/index.ts';
import type { AskedCompare, AskedOperation, History, Hold, Holder, Told } from '../history.ts';
import type { Process } from '../process.ts';
import { sleep, toldOf } from './desk.ts';
import { turnFileOf, turnFolders, turnLengthMs } from './turns.ts';

export type LockerParts = {
  readonly name: string;
  readonly history: History;
  readonly client: Client;
  readonly process: Process;
  readonly chance: Prng;
  /** Its process stands still for so long, and does not know. */
  readonly stall: (forMs: number) => void;
  /** Nothing bad happens any more: it goes. */
  readonly over: () => boolean;
};

/** It waits for its turn no longer than that. */
const patienceMsMax = 2500;

/** A lock or an office: the same to whoever holds it. */
type Turn = { readonly held: Omit<Lock, 'release'>; readonly letGo: () => Promise<void> };

/**
 * Takes turns with others, through the library's own lock and election: waits, writes under the lock what only its
 * holder may, stands still now and then for longer than its lease lasts, does not always look whether it
 * is still the holder, and lets go.
 */
export async function takeTurns(parts: LockerParts): Promise<void> {
  const locker = new Locker(parts);
  const { chance, over, process } = parts;
  while (!over()) {
    try {
      await locker.turn();
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
    }
    await sleep(process, chance.below(120));
  }
}

class Locker {
  readonly #parts: LockerParts;
  #n = 0;

  constructor(parts: LockerParts) {
    this.#parts = parts;
  }

  async turn(): Promise<void> {
    const { chance, client, name, process } = this.#parts;
    const n = chance.below(turnFolders.length);
    const folder = turnFolders[n] as string;
    const patience = new AbortController();
    const timer = process.after(200 + chance.below(patienceMsMax), () => patience.abort());
    const options = { lengthMs: turnLengthMs(chance.below(200)), signal: patience.signal };
    const taken = n === 0 ? client.lock(folder, options) : client.campaign(folder, name, options);
    const held = await taken.finally(() => timer.cancel());
    await this.#use(folder, turnOf(held));
  }

  async #use(folder: string, { held, letGo }: Turn): Promise<void> {
    const { chance, history, name, over, process, stall } = this.#parts;
    const holder = this.#holderOf(held);
    const hold: Hold = {
      guest: name,
      path: folder,
      token: held.token,
      holder,
      fromMs: history.nowMs,
      releasedMs: null,
    };
    history.holds.push(hold);
    for (let left = 1 + chance.below(5); left > 0 && !over(); left--) {
      holder.sign();
      if (chance.below(8) === 0) {
        stall(chance.below(2 * held.lease.lengthMs));
        await sleep(process, 1);
      }
      holder.sign();
      // What is guarded needs no look first.
      if (held.isLost && chance.below(3) > 0) break;
      await this.#write(folder, held);
      await sleep(process, chance.below(60));
    }
    holder.sign();
    hold.releasedMs = history.nowMs;
    await letGo();
  }

  /** Written with the guard that the library gives its holder. */
  async #write(folder: string, { guard, token }: Turn['held']): Promise<void> {
    const { client, history, name } = this.#parts;
    const mark = `/mark/${name}/${this.#n}`;
    const body = `${name}.turn.${this.#n++}`;
    const path = turnFileOf(folder);
    const always: AskedCompare = { kind: 'exists', path: mark, exists: false };
    const ifTrue: AskedOperation[] = [{ kind: 'set', path, body, guard: -1 }];
    if (guard.kind !== 'created') throw new TypeError('a lock is guarded by what made its file');
    const compares = [always, guard];
    const asked = { kind: 'transact', mark, compares, ifTrue, ifFalse: [] } as const;
    const operation = history.began(name, asked);
    history.guarded.push({ operation, folder, token });
    const transaction = { compares: [when.absent(mark), guard], ifTrue: [put(path, utf8(body))] };
    history.ended(operation, await client.transact(transaction).then(decided, toldOf));
  }

  /** As the library tells its holder: how long it is certain of its lease. */
  #holderOf({ lease }: Turn['held']): Holder {
    const { history, name } = this.#parts;
    let last: ReturnType<Holder['sign']> = null;
    const holder: Holder = {
      guest: name,
      lease: lease.id,
      lengthMs: lease.lengthMs,
      grantedMs: history.nowMs,
      sign: () => {
        const leftMs = lease.leftMs();
        if (leftMs <= 0) return last;
        last = { sentMs: history.nowMs - (lease.lengthMs - leftMs), holdsMs: lease.lengthMs };
        return last;
      },
    };
    history.holders.set(lease.id, holder);
    holder.sign();
    return holder;
  }
}

const decided = ({ succeeded, revision }: Pick<Decision, 'succeeded' | 'revision'>): Told => ({
  kind: 'decided',
  succeeded,
  revision,
  results: succeeded ? [{ kind: 'written', revision }] : [],
});

const turnOf = (held: Lock | Leadership): Turn => ({
  held,
  letGo: () => ('release' in held ? held.release() : held.resign()),
});
