// A node that saves what chance says, on a disk that loses power at any operation. After each crash what
// is recovered must be what had been promised, plus at most a part of what was on its way.
import { describe, expect, test } from 'vitest';
import { type Prng, prng, sameBytes, utf8 } from '../../src/base/index.ts';
import type { Recovered } from '../../src/ports/index.ts';
import type { Entry, HardState, Persist, Position } from '../../src/raft/index.ts';
import type { Wal } from '../../src/wal/index.ts';
import { byChance, type MemoryDisk, memoryDisk } from '../support/memory-disk.ts';
import {
  at,
  entry,
  hard,
  identity,
  me,
  metaAt,
  open,
  other,
  persist,
  readAll,
  textIn,
  turnOfTheLoop,
  writeSnapshot,
} from './support.ts';

/** More, or others: `CRASH_SEEDS=1000-3000 npx vitest run test/wal/crash.test.ts`. */
const [firstSeed = 1, lastSeed = 200] = (process.env['CRASH_SEEDS'] ?? '')
  .split('-')
  .filter(Boolean)
  .map(Number);
const seeds = lastSeed - firstSeed + 1;
const crashesPerSeed = 5;

class PowerCut extends Error {}

/** What a node may rely on after a crash: one of these. */
type State = {
  readonly hardState: HardState;
  readonly snapshot: Position;
  /** By index from 1; entries a snapshot stands for are `null`. */
  readonly log: readonly (Entry | null)[];
};

const nothing: State = { hardState: hard(0), snapshot: at(0, 0), log: [] };

const endOf = (state: State): Position => {
  const last = state.log.at(-1);
  return last === undefined || last === null
    ? at(state.log.length, state.snapshot.term)
    : at(last.index, last.term);
};

/** What each step of a save leads to, in the order on disk. */
function stepsOf(state: State, batch: Persist): State[] {
  const steps: State[] = [];
  let now = state;
  const step = (next: Partial<State>) => {
    now = { ...now, ...next };
    steps.push(now);
  };
  if (batch.snapshot !== null) {
    const { index, term } = batch.snapshot;
    // The term that comes with a snapshot may be recovered before the hard state that follows.
    const raised = term > now.hardState.term ? hard(term) : now.hardState;
    step({
      snapshot: at(index, term),
      log: Array.from({ length: index }, () => null),
      hardState: raised,
    });
  }
  if (batch.hardState !== null) step({ hardState: batch.hardState });
  if (batch.truncateFrom !== null) step({ log: now.log.slice(0, batch.truncateFrom - 1) });
  for (const one of batch.entries) step({ log: [...now.log, one] });
  return steps;
}

const same = (state: State, found: Recovered): boolean => {
  if (state.hardState.term !== found.hardState.term) return false;
  if (state.hardState.votedFor !== found.hardState.votedFor) return false;
  if (state.snapshot.index !== found.snapshot.index) return false;
  if (state.snapshot.term !== found.snapshot.term) return false;
  const after = state.log.slice(state.snapshot.index);
  return (
    after.length === found.entries.length &&
    after.every((one, i) => {
      const got = found.entries[i];
      return (
        one?.index === got?.index &&
        one?.term === got?.term &&
        one !== null &&
        got !== undefined &&
        textIn(one) === textIn(got)
      );
    })
  );
};

const describeEnd = (hardState: HardState, snapshot: Position, log: readonly (Entry | null)[]) =>
  `term ${hardState.term} vote ${hardState.votedFor} snapshot ${snapshot.index}/${snapshot.term} log ${log
    .map((one) =>
      one === null ? '-' : `${one.index}/${one.term}=${textIn(one).replace(/:.*/, '')}`,
    )
    .join(' ')}`;
const describeState = ({ hardState, snapshot, log }: State): string =>
  describeEnd(hardState, snapshot, log.slice(snapshot.index));
const describeFound = ({ hardState, snapshot, entries }: Recovered): string =>
  describeEnd(hardState, snapshot, entries);

const bodyOf = (index: number, term: number): Uint8Array =>
  utf8(`${index}/${term};`.repeat(index % 16 === 0 ? 50_000 : 1 + (index % 7) * 90));

class Life {
  readonly chance: Prng;
  readonly disk: MemoryDisk = memoryDisk();
  /** What was promised last. */
  state: State = nothing;
  /** What the operation under way may lead to. */
  underWay: State[] = [];
  /** Ends of syncs that were begun and not promised: what a node may be suspected of. */
  doubtful: Position[] = [];
  boot = 0;
  #installed: Position[] = [];
  #count = 0;

  /** A voter that decides alone: nobody would clear a doubt. */
  readonly #alone: boolean;

  constructor(seed: number, alone: boolean) {
    this.chance = prng(seed);
    this.#alone = alone;
  }

  cutPowerAfter(operations: number): void {
    let left = operations;
    this.disk.watch = () => {
      if (left-- <= 0) throw new PowerCut('power cut');
    };
  }

  async start(): Promise<Wal> {
    const wal = await open(this.disk);
    if (wal.identity === null) {
      expect(this.boot, 'a folder that was recovered once keeps its identity').toBe(0);
      await wal.createIdentity(identity);
    }
    this.check(await wal.recover());
    const newest = await wal.snapshots.newest();
    if (newest !== null) {
      const { index, term } = newest.meta;
      expect(index).toBe(this.state.snapshot.index);
      expect(sameBytes(await readAll(newest), bodyOf(index, term))).toBe(true);
      await newest.close();
    }
    return wal;
  }

  check(found: Recovered): void {
    const states = [this.state, ...this.underWay].flatMap((state) => [
      state,
      ...this.#covered(state),
    ]);
    const fits = states.findLast((state) => same(state, found));
    const could = states.map(describeState).join('\n');
    expect(fits, `D1: recovered\n${describeFound(found)}\nis none of\n${could}`).toBeDefined();
    expect(found.boot).toBeGreaterThan(this.boot);
    this.boot = found.boot;
    if (this.#alone) expect(found.suspect).toBe(null);
    if (found.suspect !== null) expect(this.doubtful).toContainEqual(found.suspect);
    this.state = fits ?? nothing;
    this.underWay = [];
  }

  /** A snapshot the log was never restarted from counts all the same once the log holds its position. */
  #covered(state: State): State[] {
    return this.#installed
      .filter(({ index, term }) => state.log[index - 1]?.term === term)
      .map((snapshot) => ({ ...state, snapshot }));
  }

  async live(wal: Wal): Promise<never> {
    for (;;) await this.#act(wal);
  }

  async #act(wal: Wal): Promise<void> {
    const what = this.chance.below(20);
    // The reserve comes and goes.
    if (what < 5) await wal.log.upkeep?.look();
    if (what === 19) await wal.log.upkeep?.spendReserve();
    if (what < 15) return this.#save(wal, null);
    if (what < 18) return this.#ownSnapshot(wal);
    return this.#install(wal);
  }

  async #save(wal: Wal, snapshot: Persist['snapshot']): Promise<void> {
    const { below } = this.chance;
    const [restarted] = snapshot === null ? [] : stepsOf(this.state, persist({ snapshot }));
    const base = restarted ?? this.state;
    const oldTerm = base.hardState.term;
    const newTerm =
      below(4) === 0 || snapshot !== null ? oldTerm + 1 + below(2) : Math.max(1, oldTerm);
    const hardState = newTerm > oldTerm ? hard(newTerm, [null, me, other][below(3)] ?? null) : null;
    const end = endOf(base);
    const first = base.snapshot.index + 1;
    // Only a new leader overrules a tail.
    const truncate = hardState !== null && end.index >= first && below(2) === 0;
    const from = truncate ? first + below(end.index - first + 1) : end.index + 1;
    const size = below(12) === 0 ? 9000 : 200;
    const entries = Array.from({ length: below(6) }, (_, i) =>
      entry(from + i, newTerm, `${this.#count++}:${'x'.repeat(below(size))}`),
    );
    const before = truncate ? endOf({ ...base, log: base.log.slice(0, from - 1) }) : end;
    const batch = persist({
      snapshot,
      hardState,
      truncateFrom: truncate ? (base.log[from - 1]?.index ?? null) : null,
      entries,
      before,
    });
    const through = entries.at(-1) ?? before;
    this.underWay = stepsOf(this.state, batch);
    this.doubtful.push(...this.underWay.map(endOf));
    const alone = this.#alone;
    await wal.log.save({ ...batch, through: at(through.index, through.term), alone });
    this.state = this.underWay.at(-1) ?? this.state;
    this.underWay = [];
  }

  async #ownSnapshot(wal: Wal): Promise<void> {
    const { snapshot, log } = this.state;
    if (log.length <= snapshot.index) return;
    const index = snapshot.index + 1 + this.chance.below(log.length - snapshot.index);
    const of = log[index - 1]?.term ?? 0;
    const taken = { ...this.state, snapshot: at(index, of) };
    this.underWay = [taken];
    await writeSnapshot(wal.snapshots, metaAt(index, of), bodyOf(index, of));
    this.state = taken;
    this.underWay = [];
    if (this.chance.below(2) === 0) await wal.log.compact(metaAt(index, of).index);
    const newest = await wal.snapshots.newest();
    await newest?.close();
    // One from a leader, further on, may have come to count meanwhile.
    if (newest?.meta.index !== index) return;
    const held = log.slice(index).reduce((sum, one) => sum + (one?.encoded?.length ?? 0), 0);
    expect(wal.log.bytesSinceSnapshot()).toBeGreaterThanOrEqual(held);
  }

  async #install(wal: Wal): Promise<void> {
    const index = endOf(this.state).index + this.chance.below(20) - 3;
    if (index <= this.state.snapshot.index) return;
    // From a leader of a later term: our own tail is none of its.
    const of = this.state.hardState.term + 1;
    await writeSnapshot(wal.snapshots, metaAt(index, of), bodyOf(index, of));
    this.#installed.push(at(index, of));
    if (this.chance.below(4) === 0) return this.#save(wal, null);
    await this.#save(wal, metaAt(index, of));
  }
}

async function run(seed: number, alone: boolean): Promise<Life> {
  const life = new Life(seed, alone);
  for (let crash = 0; crash < crashesPerSeed; crash++) {
    // Now and then the power goes again while the node is still recovering.
    life.cutPowerAfter(life.chance.below(life.chance.below(3) === 0 ? 30 : 300));
    try {
      await life.live(await life.start());
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
    }
    // Whatever still runs meets a dead disk.
    for (let i = 0; i < 4; i++) await turnOfTheLoop();
    life.disk.crash(byChance(life.chance));
  }
  life.disk.watch = () => {};
  const wal = await life.start();
  await wal.stop();
  return life;
}

describe('D1, D2: on a disk that loses power', () => {
  test(`${seeds} lives of ${crashesPerSeed} crashes recover what was promised, and no tail comes back`, async () => {
    let entries = 0;
    let snapshots = 0;
    for (let seed = firstSeed; seed <= lastSeed; seed++) {
      try {
        const life = await run(seed, false);
        entries += endOf(life.state).index;
        snapshots += life.state.snapshot.index > 0 ? 1 : 0;
      } catch (error) {
        throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`, {
          cause: error,
        });
      }
    }
    // The generator is not blind.
    expect(entries).toBeGreaterThan(seeds * 5);
    expect(snapshots).toBeGreaterThan(seeds / 3);
  });

  test(`a lone voter is never left in doubt of its own log, in ${Math.ceil(seeds / 4)} lives`, async () => {
    for (let seed = firstSeed; seed <= firstSeed + seeds / 4; seed++) {
      const life = await run(seed, true);
      expect(life.boot).toBeGreaterThan(0);
    }
  });
});
