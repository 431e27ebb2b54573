import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { doozer } from '../../src/cli/doozer.ts';
import { doozerd } from '../../src/cli/doozerd.ts';
import { Town } from '../daemon/support/town.ts';
import { FakeTerminal } from './fake-terminal.ts';
import { doozerdLines, doozerLines, traces } from './random-lines.ts';

/** `npm run test:random-lines` tries ten thousand. */
const numRuns = Number(process.env['RANDOM_LINES'] ?? 200);
const timeoutMs = 60_000 + numRuns * 400;
/** What has not ended by then waits for something, and Ctrl-C is pressed. */
const waitMs = 60;
/** Above what a request may take, with a node to be found before. */
const endMs = 15_000;

let town: Town;
let uri: string;
let folder: string;
beforeAll(async () => {
  town = new Town();
  const { address } = await town.start('node', { dataFolder: null });
  uri = `doozer:?ca=${address}`;
  folder = mkdtempSync(join(tmpdir(), 'doozer-lines-'));
});
afterAll(async () => {
  await town.end();
  rmSync(folder, { recursive: true, force: true });
});

/** How many ended how, for whoever runs many. */
class Tally {
  readonly #counts = new Map<number, number>();

  add(status: number): void {
    this.#counts.set(status, (this.#counts.get(status) ?? 0) + 1);
  }

  tell(program: string, began: number): void {
    if (process.env['RANDOM_LINES'] === undefined) return;
    const counts = [...this.#counts]
      .sort(([a], [b]) => a - b)
      .map(([status, n]) => `${status}: ${n}`);
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    process.stdout.write(
      `${program}: ${numRuns} lines in ${seconds} s; by status ${counts.join(', ')}\n`,
    );
  }
}

/** Programs under a lock end at once, or by the signal they get. */
class ShortTerminal extends FakeTerminal {
  override readonly start: FakeTerminal['start'] = async (words, env) => {
    const child = await new FakeTerminal().start(words, env);
    child.onSignal = () => child.end(130);
    if (words[0] === 'true') child.end(0);
    return child;
  };
}

async function statusOf(words: readonly string[], terminal: FakeTerminal): Promise<number> {
  const ended = doozer(words, terminal);
  const impatient = setTimeout(() => terminal.receive('SIGINT'), waitMs);
  let late: NodeJS.Timeout | undefined;
  const hangs = new Promise<never>((_, failed) => {
    late = setTimeout(() => failed(new Error('It does not end after Ctrl-C')), endMs);
  });
  try {
    return await Promise.race([ended, hangs]);
  } finally {
    clearTimeout(impatient);
    clearTimeout(late);
  }
}

describe('whatever stands on the command line', () => {
  it(
    'doozer ends, with a status that is documented and one complaint at most',
    async () => {
      const tally = new Tally();
      const began = performance.now();
      const input = fc.oneof(
        fc.constantFrom('', 'body', 'absent /x\nthen\nset /x "y"\n'),
        fc.string(),
      );
      const lines = fc.asyncProperty(doozerLines(uri), input, async (words, typed) => {
        const terminal = new ShortTerminal(typed, { DOOZER_URI: uri });
        const status = await statusOf(words, terminal);
        tally.add(status);
        expect([0, 1, 2, 123, 126, 127, 130]).toContain(status);
        expect(terminal.complaints.length).toBeLessThanOrEqual(1);
        expect(terminal.errors).not.toMatch(traces);
        if (status === 2 || status === 127) expect(terminal.complaints).toHaveLength(1);
      });
      await fc.assert(lines, { numRuns });
      tally.tell('doozer', began);
    },
    timeoutMs,
  );

  it(
    'doozerd reads it or refuses it in one complaint, and writes nothing',
    async () => {
      const tally = new Tally();
      const began = performance.now();
      const before = readdirSync('.');
      const lines = fc.asyncProperty(doozerdLines(folder), async (words) => {
        const terminal = new FakeTerminal();
        let started = 0;
        const status = await doozerd(words, terminal, async () => {
          started += 1;
        });
        tally.add(status);
        expect([0, 1, 2]).toContain(status);
        expect(terminal.errors).not.toMatch(traces);
        expect(terminal.complaints.length).toBeLessThanOrEqual(1);
        if (status === 0) return;
        expect(started).toBe(0);
        // A report of what is wrong is no complaint.
        expect(terminal.complaints.length === 1 || terminal.output !== '').toBe(true);
      });
      await fc.assert(lines, { numRuns });
      expect(readdirSync(folder)).toEqual([]);
      expect(readdirSync('.')).toEqual(before);
      tally.tell('doozerd', began);
    },
    timeoutMs,
  );
});
