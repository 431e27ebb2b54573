// A node's log on a made-up disk, and what it may rely on: what it was told is durable, and of what was
// on its way any part that the order on disk allows.
import { expect } from 'vitest';
import { ClusterError, type Prng, prng, sameBytes, utf8 } from '../../src/base/index.ts';
import type { Recovered } from '../../src/ports/index.ts';
import type { Entry, HardState, Persist, Position } from '../../src/raft/index.ts';
import { SimDisk } from '../../src/sim/disk/disk.ts';
import { Process } from '../../src/sim/process.ts';
import { World } from '../../src/sim/world.ts';
import type { Wal } from '../../src/wal/index.ts';
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
} from '../wal/support.ts';

/** What a node may rely on after a crash: one of these. */
export type State = {
  readonly hardState: HardState;
  readonly snapshot: Position;
  /** By index from 1; entries a snapshot stands for are `null`. */
  readonly log: readonly (Entry | null)[];
};

const nothing: State = { hardState: hard(0), snapshot: at(0, 0), log: [] };

export const endOf = (state: State): Position => {
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
    step({
      snapshot: at(index, term),
      log: Array.from({ length: index }, () => null),
      // The term that comes with a snapshot may be recovered before the hard state that follows.
      hardState: term > now.hardState.term ? hard(term) : now.hardState,
    });
  }
  if (batch.hardState !== null) step({ hardState: batch.hardState });
  if (batch.truncateFrom !== null) step({ log: now.log.slice(0, batch.truncateFrom - 1) });
  for (const one of batch.entries) step({ log: [...now.log, one] });
  return steps;
}

const keyOf = (one: Entry): string => `${one.index}/${one.term}=${textIn(one)}`;

const samePosition = (a: Position, b: Position): boolean =>
  a.index === b.index && a.term === b.term;

const same = (state: State, found: Recovered): boolean => {
  const after = state.log.slice(state.snapshot.index);
  return (
    state.hardState.term === found.hardState.term &&
    state.hardState.votedFor === found.hardState.votedFor &&
    samePosition(state.snapshot, found.snapshot) &&
    after.length === found.entries.length &&
    after.every((one, i) => {
      const got = found.entries[i];
      if (one === null || got === undefined) return false;
      return samePosition(one, got) && textIn(one) === textIn(got);
    })
  );
};

const described = (hardState: HardState, snapshot: Position, log: readonly (Entry | null)[]) =>
  `term ${hardState.term} vote ${hardState.votedFor} snapshot ${snapshot.index}/${snapshot.term} log ${log
    .map((one) =>
      one === null ? '-' : `${one.index}/${one.term}=${textIn(one).replace(/:.*/, '')}`,
    )
    .join(' ')}`;

const bodyOf = (index: number, term: number): Uint8Array =>
  utf8(`${index}/${term};`.repeat(1 + (index % 7) * 90));

/** How one life of a process went, and how it ended. */
export type Ending = 'happenings' | 'disk failed' | 'done';

export class WalLife {
  readonly chance: Prng;
  readonly world: World;
  readonly disk: SimDisk;
  /** What was promised last. */
  state: State = nothing;
  /** What the operation under way may lead to. */
  #underWay: State[] = [];
  /** Ends of syncs that were begun and not promised: what a node may be suspected of. */
  #doubtful: Position[] = [];
  #installed: Position[] = [];
  #count = 0;
  readonly #everSaved = new Set<string>();
  boot = 0;
  /** A voter that decides alone: nobody would clear a doubt. */
  readonly #alone: boolean;

  constructor(seed: number, alone: boolean) {
    this.world = new World(seed);
    this.chance = prng(seed);
    this.#alone = alone;
    const slow = seed % 3 === 0;
    const temper = { slowMs: slow ? 2 : 0, tailMs: slow ? 200 : 0, capacityBytes: null };
    this.disk = new SimDisk({ world: this.world, name: 'n1', temper });
  }

  /** Runs `work` in a process of its own, for so many happenings, and kills it. */
  async live(
    happenings: number,
    work: (wal: Wal) => Promise<void> = (wal) => this.#forever(wal),
  ): Promise<Ending> {
    const process = new Process(this.world, { startMs: 0, rate: 1, lookMs: 0 });
    let over: Ending | null = null;
    let failure: unknown = null;
    const whole = async () => {
      const wal = await open(this.disk.mount(process));
      await this.#recover(wal);
      await work(wal);
    };
    whole().then(
      () => {
        over = 'done';
      },
      (error: unknown) => {
        failure = error;
        over = 'disk failed';
      },
    );
    await turnOfTheLoop();
    for (let left = happenings; left > 0 && over === null; left--) {
      if (!this.world.step() && over === null) throw new Error('a process waits for nothing');
      await turnOfTheLoop();
    }
    process.end();
    if (failure !== null && !isDiskFailed(failure)) throw failure;
    return over ?? 'happenings';
  }

  /**
   * What recovery makes of a folder that something destroyed a part of. Everything acknowledged is there,
   * or the node knows that it held more than it shows, or it refuses. It never shows what never was.
   */
  async examine(): Promise<'whole' | 'suspect' | 'refused'> {
    const process = new Process(this.world, { startMs: 0, rate: 1, lookMs: 0 });
    let over: { readonly found: Recovered | null } | null = null;
    let failure: unknown = null;
    const look = async (): Promise<Recovered | null> => {
      const wal = await open(this.disk.mount(process));
      // A folder that was somebody's does not become another's.
      if (wal.identity === null) await wal.createIdentity(identity);
      const found = await wal.recover();
      const newest = await wal.snapshots.newest();
      if (newest !== null) {
        const { index, term } = newest.meta;
        expect(sameBytes(await readAll(newest), bodyOf(index, term))).toBe(true);
      }
      return found;
    };
    look().then(
      (found) => {
        over = { found };
      },
      (error: unknown) => {
        failure = error;
        over = { found: null };
      },
    );
    for (;;) {
      await turnOfTheLoop();
      if (over !== null || !this.world.step()) break;
    }
    process.end();
    this.disk.processEnded();
    if (failure !== null) {
      if (failure instanceof ClusterError && failure.code === 'ERR_DISK_CORRUPT') return 'refused';
      throw failure;
    }
    const found = (over as { readonly found: Recovered | null } | null)?.found ?? null;
    if (found === null) throw new Error('recovery waits for nothing');
    return this.#judge(found);
  }

  #judge(found: Recovered): 'whole' | 'suspect' {
    const { hardState, snapshot, entries, suspect } = found;
    const { state } = this;
    const end = endOf(state);
    const got = described(hardState, snapshot, entries);
    const was = described(state.hardState, state.snapshot, state.log.slice(state.snapshot.index));
    const wrong = (what: string) =>
      new Error(`${what}: recovered ${got}, suspect ${suspect?.index}/${suspect?.term}, of ${was}`);
    if (hardState.term !== state.hardState.term || hardState.votedFor !== state.hardState.votedFor)
      throw wrong('forgets its vows');
    // An older tail may come back, if it knows that there was another.
    for (const one of entries)
      if (!this.#everSaved.has(keyOf(one))) throw wrong(`invents ${one.index}`);
    const last = entries.at(-1) ?? snapshot;
    // A leader's snapshot that came whole, though the log was never restarted from it, is as good.
    const snapshots = [state, ...this.#covered(state)].map((one) => one.snapshot);
    const isWhole =
      samePosition(last, end) &&
      (snapshot.index < state.snapshot.index ||
        snapshots.some((one) => samePosition(one, snapshot))) &&
      entries.every((one) => {
        const held = state.log[one.index - 1];
        return held === undefined || held === null || keyOf(held) === keyOf(one);
      });
    if (isWhole) return 'whole';
    const knows =
      suspect !== null &&
      (suspect.term > end.term || (suspect.term === end.term && suspect.index >= end.index));
    if (!knows) throw wrong('forgets and does not know it');
    return 'suspect';
  }

  /** Recovers undisturbed, and stops. */
  async reopen(): Promise<void> {
    const ending = await this.live(Number.POSITIVE_INFINITY, (wal) => wal.stop());
    expect(ending).toBe('done');
    this.disk.processEnded();
  }

  async #recover(wal: Wal): Promise<void> {
    if (wal.identity === null) {
      expect(this.boot, 'a folder that was recovered once keeps its identity').toBe(0);
      await wal.createIdentity(identity);
    }
    this.#check(await wal.recover());
    const newest = await wal.snapshots.newest();
    if (newest === null) return;
    const { index, term } = newest.meta;
    expect(index).toBe(this.state.snapshot.index);
    expect(sameBytes(await readAll(newest), bodyOf(index, term))).toBe(true);
    await newest.close();
  }

  #check(found: Recovered): void {
    const states = [...this.#raised(), this.state, ...this.#underWay].flatMap((state) => [
      state,
      ...this.#covered(state),
    ]);
    const fits = states.findLast((state) => same(state, found));
    const could = states
      .map(({ hardState, snapshot, log }) =>
        described(hardState, snapshot, log.slice(snapshot.index)),
      )
      .join('\n');
    const got = described(found.hardState, found.snapshot, found.entries);
    if (fits === undefined) throw new Error(`D1: recovered\n${got}\nis none of\n${could}`);
    expect(found.boot).toBeGreaterThan(this.boot);
    this.boot = found.boot;
    if (this.#alone) expect(found.suspect).toBe(null);
    if (found.suspect !== null) expect(this.#doubtful).toContainEqual(found.suspect);
    this.state = fits;
    this.#underWay = [];
  }

  /**
   * A start that read a restart record raised the term to its snapshot's; then the power took the record,
   * which was never durable. A term without a vote promises nothing.
   */
  #raised(): State[] {
    const [restarted] = this.#underWay;
    const { state } = this;
    if (restarted === undefined || restarted.snapshot.index <= state.snapshot.index) return [];
    const { term } = restarted.snapshot;
    return term > state.hardState.term ? [{ ...state, hardState: hard(term) }] : [];
  }

  /** A snapshot the log was never restarted from counts all the same once the log holds its position. */
  #covered(state: State): State[] {
    return this.#installed
      .filter(({ index, term }) => state.log[index - 1]?.term === term)
      .map((snapshot) => ({ ...state, snapshot }));
  }

  async #forever(wal: Wal): Promise<never> {
    for (;;) await this.act(wal);
  }

  async act(wal: Wal): Promise<void> {
    const what = this.chance.below(20);
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
    const size = below(12) === 0 ? 6000 : 200;
    const entries = Array.from({ length: below(6) }, (_, i) =>
      entry(from + i, newTerm, `${this.#count++}:${'x'.repeat(below(size))}`),
    );
    for (const one of entries) this.#everSaved.add(keyOf(one));
    const before = truncate ? endOf({ ...base, log: base.log.slice(0, from - 1) }) : end;
    const batch = persist({
      snapshot,
      hardState,
      truncateFrom: truncate ? (base.log[from - 1]?.index ?? null) : null,
      entries,
      before,
    });
    const through = entries.at(-1) ?? before;
    this.#underWay = stepsOf(this.state, batch);
    this.#doubtful.push(...this.#underWay.map(endOf));
    const alone = this.#alone;
    await wal.log.save({ ...batch, through: at(through.index, through.term), alone });
    this.state = this.#underWay.at(-1) ?? this.state;
    this.#underWay = [];
  }

  async #ownSnapshot(wal: Wal): Promise<void> {
    const { snapshot, log } = this.state;
    if (log.length <= snapshot.index) return;
    const index = snapshot.index + 1 + this.chance.below(log.length - snapshot.index);
    const of = log[index - 1]?.term ?? 0;
    const taken = { ...this.state, snapshot: at(index, of) };
    this.#underWay = [taken];
    await writeSnapshot(wal.snapshots, metaAt(index, of), bodyOf(index, of));
    this.state = taken;
    this.#underWay = [];
    if (this.chance.below(2) === 0) await wal.log.compact(metaAt(index, of).index);
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

const isDiskFailed = (error: unknown): boolean =>
  error instanceof ClusterError && error.code === 'ERR_DISK_FAILED';
