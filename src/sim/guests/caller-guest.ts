// Guests with a session of their own making, who ask nodes themselves: they repeat requests at other nodes,
// late, after they have acknowledged the answer, and beyond their window, as no library of ours does.
import { type LeaseId, type Prng, type SessionId, textOf } from '../../base/index.ts';
import type { Command, InSession, Reply } from '../../tree/index.ts';
import type { Asked, Told, ToldResult } from '../history.ts';
import type { Machine } from '../machine.ts';
import type { Process } from '../process.ts';
import { commandOf } from './commands.ts';
import { type Desk, sleep } from './desk.ts';
import type { Errand } from './errands.ts';
import { finish } from './library-guest.ts';

export type CallerParts = {
  readonly desk: Desk;
  readonly process: Process;
  readonly machines: readonly Machine[];
  readonly chance: Prng;
  readonly sessionLengthMs: number;
  /** Faults are over: nobody keeps anything alive any more. */
  readonly over: () => boolean;
};

/** What came of one copy of a request. `null`: nothing was heard. */
type Answer = { readonly reply: Reply } | { readonly effect: 'none' | 'unknown' } | null;

type Session = {
  readonly id: SessionId;
  readonly window: number;
  next: number;
  readonly open: Set<number>;
  /** Numbers that something else was asked for under. */
  readonly spent: Set<number>;
};

/** Copies of one request; beyond, it is given up. */
const copiesMax = 40;

export async function runCallerErrands(
  parts: CallerParts,
  errands: Iterable<Errand>,
): Promise<void> {
  const { desk, process } = parts;
  const caller = new Caller(parts);
  const open = new Set<Promise<void>>();
  for (const errand of errands) {
    await sleep(process, errand.pauseMs);
    const asked = desk.request(errand);
    const command = commandOf(asked);
    if (command === null) continue;
    const operation = desk.history.began(desk.name, asked);
    const patienceMs = errand.patienceMs ?? 20_000;
    const done = caller.perform(asked, command, patienceMs).then((told) => {
      finish(desk, operation, told);
      open.delete(done);
    });
    open.add(done);
    const isAlone = asked.kind !== 'count' && asked.kind !== 'create';
    if (isAlone || errand.choice % 3 > 0) await done;
    if (errand.choice % 16 === 0) caller.reachBeyond();
  }
  await Promise.all(open);
}

class Caller {
  readonly #parts: CallerParts;
  #session: Session | null = null;

  constructor(parts: CallerParts) {
    this.#parts = parts;
  }

  async perform(asked: Asked, command: Command, patienceMs: number): Promise<Told> {
    const { process, chance, desk } = this.#parts;
    const endMs = process.now() + patienceMs;
    const beganMs = desk.history.nowMs;
    for (;;) {
      const session = await this.#entered(endMs);
      if (session === null) return { kind: 'refused', code: 'ERR_NO_LEADER' };
      const seq = await this.#take(session);
      const answer = await this.#untilAnswered(session, seq, command, endMs);
      session.open.delete(seq);
      if (answer === null) return { kind: 'unknown', code: 'ERR_CANCELLED' };
      const { reply, isFirst } = answer;
      if (reply.kind === 'refused' && reply.code === 'ERR_SESSION_LOST') {
        if (this.#session === session) this.#session = null;
        if (!isFirst) return { kind: 'unknown', code: 'ERR_SESSION_LOST' };
        continue;
      }
      if (chance.below(6) === 0) this.#repeatLate(session, seq, command);
      return this.#told(asked, reply, beganMs);
    }
  }

  /** A number that its session cannot have yet: nothing may come of it, unless it comes too late for that. */
  reachBeyond(): void {
    const { desk, chance } = this.#parts;
    const session = this.#session;
    if (session === null) return;
    const seq = this.#ackedBelow(session) + session.window + chance.below(3);
    session.spent.add(seq);
    const operation = desk.history.began(desk.name, { kind: 'nop' });
    const inSession = { session: session.id, seq, ackedBelow: this.#ackedBelow(session) };
    void this.#send({ kind: 'nop' }, inSession).then((answer) => {
      if (answer === null || !('reply' in answer)) return;
      const { reply } = answer;
      if (reply.kind === 'refused') finish(desk, operation, { kind: 'refused', code: reply.code });
    });
  }

  /** Keeps it alive until it is gone, or its guest is. */
  keep(
    lease: LeaseId,
    lengthMs: number,
    answered: (sentMs: number, holdsMs: number) => void,
  ): void {
    const { process, over, desk, chance } = this.#parts;
    // One in three comes when it may just be too late.
    const everyMs = lengthMs * (chance.below(3) === 0 ? 0.9 + chance.below(25) / 100 : 0.25);
    const again = async (): Promise<void> => {
      for (let isThere = true; isThere && !over(); ) {
        await sleep(process, everyMs);
        const sentMs = desk.history.nowMs;
        const leftMs = await this.#keepAlive(lease, lengthMs / 3);
        if (leftMs === 0) isThere = false;
        else if (leftMs !== null) answered(sentMs, leftMs);
      }
    };
    void again();
  }

  #ackedBelow({ open, next }: Session): number {
    return Math.min(next, ...open);
  }

  /** `null`: none within its time. */
  async #entered(endMs: number): Promise<Session | null> {
    const { process, chance, sessionLengthMs } = this.#parts;
    while (this.#session === null) {
      const window = 2 + chance.below(8);
      const answer = await this.#send({ kind: 'grant', lengthMs: sessionLengthMs, window }, null);
      if (answer !== null && 'reply' in answer && answer.reply.kind === 'granted') {
        const { lease } = answer.reply;
        this.#session ??= {
          id: lease as number as SessionId,
          window,
          next: 1,
          open: new Set(),
          spent: new Set(),
        };
        this.keep(lease, sessionLengthMs, () => {});
      } else if (process.now() >= endMs) {
        return null;
      } else {
        await sleep(process, 20 + chance.below(100));
      }
    }
    return this.#session;
  }

  /** The next number, once it is in the window and nothing else was asked for under it. */
  async #take(session: Session): Promise<number> {
    for (;;) {
      while (session.spent.has(session.next)) session.next++;
      if (session.next < this.#ackedBelow(session) + session.window) break;
      await sleep(this.#parts.process, 10);
    }
    const seq = session.next++;
    session.open.add(seq);
    return seq;
  }

  async #untilAnswered(
    session: Session,
    seq: number,
    command: Command,
    endMs: number,
  ): Promise<{ readonly reply: Reply; readonly isFirst: boolean } | null> {
    const { process, chance } = this.#parts;
    let isFirst = true;
    for (let copy = 0; copy < copiesMax && process.now() < endMs; copy++) {
      const ackedBelow = this.#ackedBelow(session);
      const answer = await this.#send(command, { session: session.id, seq, ackedBelow });
      if (answer !== null && 'reply' in answer) return { reply: answer.reply, isFirst };
      // Certainly none is only certain of this copy.
      if (answer === null || answer.effect === 'unknown') isFirst = false;
      await sleep(process, chance.below(80));
    }
    return null;
  }

  /** The guest has its answer, and has said so: a copy comes all the same. */
  #repeatLate(session: Session, seq: number, command: Command): void {
    const { process, chance } = this.#parts;
    const ackedBelow = this.#ackedBelow(session);
    const old = chance.below(2) === 0 ? Math.min(seq, ackedBelow) : ackedBelow;
    process.after(chance.below(1500), () => {
      void this.#send(command, { session: session.id, seq, ackedBelow: old });
    });
  }

  /** One copy, to any machine. */
  #send(command: Command, inSession: InSession | null): Promise<Answer> {
    return this.#exchange<Answer>(150 + this.#parts.chance.below(1200), (machine, answer) => {
      machine.ask((node) => {
        const waiter = {
          applied: (reply: Reply) => answer({ reply }),
          failed: ({ effect }: { readonly effect: 'none' | 'unknown' }) => answer({ effect }),
        };
        if (inSession === null) node.propose(command, waiter);
        else node.propose(command, waiter, inSession);
      });
    });
  }

  #keepAlive(lease: LeaseId, patienceMs: number): Promise<number | null> {
    return this.#exchange<number | null>(patienceMs, (machine, answer) => {
      machine.ask((node) => {
        node.keepAlive([lease], true, {
          left: ([leftMs]) => answer(leftMs ?? null),
          failed: () => answer(null),
        });
      });
    });
  }

  /** There and back, each slow or lost now and then. */
  #exchange<T>(
    patienceMs: number,
    ask: (machine: Machine, answer: (what: T) => void) => void,
  ): Promise<T | null> {
    const { machines, chance, process } = this.#parts;
    const machine = machines[chance.below(machines.length)];
    if (machine === undefined) throw new TypeError('there are machines');
    const [there, back] = [this.#delayMs(), this.#delayMs()];
    return new Promise((resolve) => {
      const timer = process.after(patienceMs, () => resolve(null));
      if (there === null) return;
      process.after(there, () => {
        ask(machine, (what) => {
          if (back === null) return;
          process.after(back, () => {
            timer.cancel();
            resolve(what);
          });
        });
      });
    });
  }

  #delayMs(): number | null {
    const { below } = this.#parts.chance;
    if (below(20) === 0) return null;
    return below(12) === 0 ? below(1000) : 0.2 + below(30) / 10;
  }

  #told(asked: Asked, reply: Reply, beganMs: number): Told {
    if (reply.kind === 'granted' && asked.kind === 'grant') {
      this.#granted(asked, reply.lease, beganMs);
    }
    return toldBy(asked, reply);
  }

  #granted({ lengthMs, keep = false }: Asked & { kind: 'grant' }, id: LeaseId, atMs: number): void {
    const { history, name: guest } = this.#parts.desk;
    let sign = { sentMs: atMs, holdsMs: lengthMs };
    history.holders.set(id, {
      guest,
      lease: id,
      lengthMs,
      grantedMs: history.nowMs,
      sign: () => sign,
    });
    if (!keep) return;
    this.keep(id, lengthMs, (sentMs, holdsMs) => {
      if (sentMs + holdsMs > sign.sentMs + sign.holdsMs) sign = { sentMs, holdsMs };
    });
  }
}

function toldBy(asked: Asked, reply: Reply): Told {
  const { revision } = reply;
  switch (reply.kind) {
    case 'refused':
      return { kind: 'refused', code: reply.code };
    case 'counted':
      return { kind: 'counted', value: reply.value, revision };
    case 'granted':
      return { kind: 'granted', lease: reply.lease };
    case 'decided': {
      const { succeeded } = reply;
      return { kind: 'decided', succeeded, revision, results: reply.results.map(resultOf) };
    }
    case 'applied':
      if (asked.kind === 'revoke') return { kind: 'ended' };
      if (asked.kind !== 'create') return { kind: 'wrote', revision };
      return {
        kind: 'created',
        path: `${asked.prefix}${`${revision}`.padStart(16, '0')}`,
        revision,
      };
  }
}

function resultOf(result: Extract<Reply, { kind: 'decided' }>['results'][number]): ToldResult {
  if (result.kind !== 'read') return result;
  const { file } = result;
  if (file === null) return { kind: 'read', file };
  const { body, changed, created, lease } = file;
  return { kind: 'read', file: { body: textOf(body), revision: changed, created, lease } };
}
