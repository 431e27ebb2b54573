// Stories on a disk in memory: what is done, which operations reach the disk, what a restart finds.
import { logIndex, must, prng, utf8 } from '../../src/base/index.ts';
import { checksum } from '../../src/platform/index.ts';
import type { Recovered } from '../../src/ports/index.ts';
import type { Entry, Persist, Position } from '../../src/raft/index.ts';
import { checkFolder, type Wal } from '../../src/wal/index.ts';
import { type Directive, describeScenarios, type Handlers } from '../support/datadriven.ts';
import { allKept, allLost, byChance, memoryDisk, type Survival } from '../support/memory-disk.ts';
import {
  at,
  entry,
  hard,
  identity,
  listener,
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

const nodes = { me, other } as const;
const sizes = { segmentBytes: 16 * 1024, firstSegmentBytes: 16 * 1024 };

class Story {
  readonly #disk = memoryDisk();
  #logger = listener();
  #wal: Wal | null = null;
  #operations: string[] = [];
  #cutAfter = Number.POSITIVE_INFINITY;
  #dirtySeen = 0;
  /** The end of the log, for the caller's side of a save. */
  #last: Position = at(0, 0);

  readonly handlers: Handlers = {
    /** `start`: opens the folder, made a node's if it is nobody's, and recovers. */
    start: (d) => this.#start(d),
    /** `save entries=1:a,2:b term=1 [vote=me] [truncate=2] [snapshot=5:2]`; term and vote: hard state. */
    save: (d) => this.#recorded(d, () => this.#wal1.log.save(this.#batch(d))),
    /** `snapshot 5:2 [bytes=10]`: index and term. */
    snapshot: (d) =>
      this.#recorded(d, () =>
        writeSnapshot(this.#wal1.snapshots, metaAt(...pair(d.words[0])), this.#body(d)),
      ),
    /** `compact 5` */
    compact: (d) => this.#recorded(d, () => this.#wal1.log.compact(logIndex(Number(d.words[0])))),
    /** `newest`: reads the newest snapshot whole. */
    newest: () => this.#newest(),
    /** `crash [keep=none|all|chance|ring] [seed=1]`: what becomes of what was not synced; ring: all but its first sector. */
    crash: (d) => this.#crash(d),
    /** `cut after=3`: the next directive meets a power cut at its fourth operation. */
    cut: (d) => {
      this.#cutAfter = Number(d.args.get('after'));
      return '';
    },
    /** `flip log/00000001.seg at=12288`: one bit. Also `from-end=1` of what is not zero. */
    flip: (d) => this.#flip(d),
    /** `stop` */
    stop: async () => {
      await this.#wal?.stop();
      this.#wal = null;
      return '';
    },
    /** `remove log/00000002.seg`: a name that got lost, durably. */
    remove: async (d) => {
      this.#disk.watch = () => {};
      await this.#disk.remove(d.words[0] ?? '');
      for (const folder of ['', 'log', 'snapshots']) await this.#disk.syncFolder(folder);
      return '';
    },
    /** `shorten snapshots/X at=0`: the file ends there. */
    shorten: (d) => this.#shorten(d),
    /** `check`: what it says, with what it wrote, which is nothing. */
    check: (d) => this.#check(d),
    /** `files` */
    files: () => this.#disk.paths().join('\n'),
    /** `set-aside` */
    'set-aside': (d) => this.#recorded(d, () => this.#wal1.setAside()),
    bytes: () => `${this.#wal1.log.bytesSinceSnapshot()} since the snapshot`,
  };

  get #wal1(): Wal {
    return must(this.#wal, 'the log is open');
  }

  async #start(d: Directive): Promise<string> {
    this.#logger = listener();
    const quiet = d.args.get('quiet') === 'yes';
    const found: string[] = [];
    const said = await this.#recorded(d, async () => {
      const wal = await open(this.#disk, sizes, this.#logger);
      if (wal.identity === null) {
        await wal.createIdentity(identity);
        found.push('made a new node');
      }
      const recovered = await wal.recover();
      this.#wal = wal;
      this.#last = recovered.entries.at(-1) ?? recovered.snapshot;
      found.push(...describe(recovered));
    });
    const told = this.#logger.told.filter(({ level }) => level !== 'debug');
    const lines = told
      .filter(({ message }) => message !== 'log recovered')
      .map((t) => `${t.level}: ${t.message}`);
    const shown = quiet ? said.split('\n').filter((line) => line.startsWith('failed')) : [said];
    return [...shown, ...lines, ...found].filter(Boolean).join('\n');
  }

  #batch(d: Directive): Persist {
    const term = d.args.get('term');
    const vote = d.args.get('vote');
    const truncate = d.args.get('truncate');
    const restart = d.args.get('snapshot');
    const of = Number(d.args.get('of') ?? term ?? this.#last.term);
    const entries = (d.args.get('entries') ?? '')
      .split(',')
      .filter(Boolean)
      .map((text) => oneEntry(text, of));
    const batch = persist({
      before: truncate === undefined ? this.#last : at(Number(truncate) - 1, 0),
      hardState:
        term === undefined
          ? null
          : hard(Number(term), vote === 'me' || vote === 'other' ? nodes[vote] : null),
      truncateFrom: truncate === undefined ? null : logIndex(Number(truncate)),
      entries,
      ...(restart === undefined ? {} : { snapshot: metaAt(...pair(restart)) }),
    });
    this.#last = batch.through;
    return batch;
  }

  #body(d: Directive): Uint8Array {
    return utf8('s'.repeat(Number(d.args.get('bytes') ?? 10)));
  }

  /** Runs, and shows what reached the disk. */
  async #recorded(d: Directive, run: () => Promise<void>): Promise<string> {
    const quiet = d.args.get('quiet') === 'yes';
    this.#operations = [];
    this.#disk.watch = (operation) => {
      // What is prepared in the background comes when it comes.
      if (operation.includes('prepared.part')) return;
      if (this.#cutAfter-- <= 0) throw new Error('power cut');
      this.#operations.push(operation);
    };
    const failure = await run().then(
      () => null,
      (error: unknown) => error,
    );
    for (let i = 0; i < 4; i++) await turnOfTheLoop();
    const lines = quiet ? [] : this.#operations;
    const said =
      failure === null ? [] : [`failed: ${failure instanceof Error ? failure.message : failure}`];
    return [...lines, ...said].join('\n');
  }

  async #newest(): Promise<string> {
    const source = await this.#wal1.snapshots.newest();
    if (source === null) return 'no snapshot';
    try {
      const bytes = await readAll(source);
      return `snapshot ${source.meta.index}:${source.meta.term}, ${bytes.length} bytes`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      await source.close();
    }
  }

  #crash(d: Directive): string {
    const survivals: Record<string, Survival> = {
      none: allLost,
      all: allKept,
      chance: byChance(prng(Number(d.args.get('seed') ?? 1))),
      ring: (what) => (what === 'sector' && this.#dirtySeen++ === 0 ? 'lost' : 'kept'),
    };
    this.#dirtySeen = 0;
    this.#disk.crash(
      must(survivals[d.args.get('keep') ?? 'none'], 'keep=none, all, chance or ring'),
    );
    this.#cutAfter = Number.POSITIVE_INFINITY;
    this.#wal = null;
    return '';
  }

  async #shorten(d: Directive): Promise<string> {
    this.#disk.watch = () => {};
    const file = must(await this.#disk.open(d.words[0] ?? '', 'write'), 'the file is there');
    await file.truncate(Number(d.args.get('at')));
    await file.sync();
    await file.close();
    return '';
  }

  async #check(d: Directive): Promise<string> {
    const lines: string[] = [];
    const said = await this.#recorded(d, async () => {
      const { verdict, last, vows, problems } = await checkFolder(this.#disk, checksum);
      const end = last === null ? '' : `, log through ${last.index}:${last.term}`;
      const doubt = vows?.suspect ?? null;
      const suspect = doubt === null ? '' : `, suspect ${doubt.index}:${doubt.term}`;
      lines.push(`${verdict}${end}${suspect}`);
      for (const { file, offset, expected, found, means } of problems) {
        lines.push(`${file} at ${offset}: expected ${expected}, found ${found}`, `  ${means}`);
      }
    });
    return [said, ...lines].filter(Boolean).join('\n');
  }

  #flip(d: Directive): string {
    const path = d.words[0] ?? '';
    const fromEnd = d.args.get('from-end');
    const bytes = this.#disk.peek(path);
    const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
    const offset = fromEnd === undefined ? Number(d.args.get('at')) : end - Number(fromEnd);
    this.#disk.rot(path, offset);
    return '';
  }
}

/** `3:x*100` is an entry at 3 with a hundred x. */
function oneEntry(text: string, of: number): Entry {
  const [index = '', body = ''] = text.split(':');
  const [piece = '', times = '1'] = body.split('*');
  return entry(Number(index), of, piece.repeat(Number(times)));
}

function pair(text = ''): [number, number] {
  const [index, term] = text.split(':').map(Number);
  return [index ?? 0, term ?? 0];
}

function describe(found: Recovered): string[] {
  const { hardState, boot, snapshot, entries, suspect } = found;
  const vote = hardState.votedFor === null ? 'none' : hardState.votedFor === me ? 'me' : 'other';
  const short = (one: Entry) => {
    const text = textIn(one);
    return `${one.index}/${one.term}=${text.length > 8 ? `${text[0]}*${text.length}` : text}`;
  };
  return [
    `boot ${boot} term ${hardState.term} vote ${vote}`,
    ...(snapshot.index > 0 ? [`snapshot ${snapshot.index}:${snapshot.term}`] : []),
    `entries ${entries.map(short).join(' ') || 'none'}`,
    ...(suspect === null ? [] : [`suspect ${suspect.index}:${suspect.term}`]),
  ];
}

describeScenarios(new URL('../scenarios/wal/', import.meta.url), () => new Story().handlers);
