// Folders that rotted while their node was down: what the node does, and what it tells its operator.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { doozerd } from '../../src/cli/doozerd.ts';
import { FakeTerminal } from '../cli/fake-terminal.ts';
import { slots, Town, until } from './support/town.ts';

let town: Town;
beforeEach(() => {
  town = new Town();
});
afterEach(() => town.end());

function flip(path: string, ...offsets: number[]): void {
  const bytes = readFileSync(path);
  for (const at of offsets) bytes[at] = (bytes[at] ?? 0) ^ 4;
  writeFileSync(path, bytes);
}

/** All bytes below a folder, as one digest. */
function digestOf(folder: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder, { recursive: true }).map(String).sort()) {
    const path = join(folder, name);
    hash.update(`${name}\0`);
    if (statSync(path).isFile()) hash.update(readFileSync(path));
  }
  return hash.digest('hex');
}

async function command(...words: string[]) {
  const terminal = new FakeTerminal('', {});
  const status = await doozerd(words, terminal, async () => {
    throw new Error('no node is started');
  });
  return { status, output: terminal.output, errors: terminal.errors };
}

const stateSlots = [40, 4096 + 40] as const;
/** In the last record that is not zero: the commit of the last sync. */
const lastRecord = (path: string): number =>
  readFileSync(path).findLastIndex((byte) => byte !== 0) - 4;

describe('a node that lost its vote and term', () => {
  test('comes back under a new id, through the members its log tells of', async () => {
    const daemons = await town.voters(3, { silenceMs: 1000 });
    const [first] = daemons;
    const last = daemons[2];
    if (first === undefined || last === undefined) throw new Error('three were started');
    const client = await town.client(first);
    const before = await slots(client);
    await client.set('/kept', 'x', 0);
    await last.stop();
    flip(join(town.data('2'), 'state'), ...stateSlots);
    const back = await town.start('2', { silenceMs: 1000 });
    const own = await (await town.client(back)).self();
    expect(before).not.toContain(own);
    expect(existsSync(join(town.data('2'), 'aside/1/state'))).toBe(true);
    await until('it votes in the place of the one it was', async () =>
      (await slots(client)).includes(own),
    );
    expect(await (await town.client(back)).get('/kept')).not.toBeNull();
  });

  test('says what to type when it knows nobody else, and leaves the folder as it is', async () => {
    await (await town.start('0')).stop();
    flip(join(town.data('0'), 'state'), ...stateSlots);
    await expect(town.start('0')).rejects.toMatchObject({
      code: 'ERR_DISK_CORRUPT',
      message: expect.stringMatching(
        /"state" at byte 0: expected the term and vote of this node, found .*; what this node promised is lost.*no other member is known.*doozerd -c test -data \S+ -a HOST:PORT/,
      ),
    });
    expect(existsSync(join(town.data('0'), 'aside'))).toBe(false);
    expect(existsSync(join(town.data('0'), 'rejoin'))).toBe(false);
  });

  test('does not set the folder aside for a cluster that is another', async () => {
    await (await town.start('0')).stop();
    const other = await town.start('other');
    flip(join(town.data('0'), 'state'), ...stateSlots);
    await expect(town.start('0', { attach: [other.address] })).rejects.toMatchObject({
      code: 'ERR_DISK_CORRUPT',
      message: expect.stringContaining('is of another cluster'),
    });
    expect(existsSync(join(town.data('0'), 'aside'))).toBe(false);
  });
});

describe('a node that votes alone and cannot show what it acknowledged', () => {
  test('refuses to serve, until its operator gives up what is lost', async () => {
    const daemon = await town.start('0');
    const client = await town.client(daemon);
    for (let i = 0; i < 3; i++) await client.set(`/${i}`, 'x', 0);
    await daemon.stop();
    const segment = join(town.data('0'), 'log/00000001.seg');
    // The one before the last sync: the last is taken for a torn write by a node that votes alone.
    const commit = lastRecord(segment);
    flip(segment, commit - 400);
    const refusal = expect.stringMatching(
      /this node alone votes, and of what it acknowledged up to index \d+ of term \d+ it can show no more than index \d+ .* "doozerd accept-loss DIR"/,
    );
    await expect(town.start('0')).rejects.toMatchObject({ message: refusal });
    // Also the next time: what it found is noted.
    await expect(town.start('0')).rejects.toMatchObject({ message: refusal });
    const checked = await command('check', town.data('0'));
    expect(checked.status).toBe(1);
    expect(checked.output).toMatch(/suspect up to index \d+ of term \d+/);
    const accepted = await command('accept-loss', town.data('0'));
    expect(accepted.status).toBe(0);
    expect(accepted.output).toMatch(/^given up: what was acknowledged after index \d+/);
    expect(await command('accept-loss', town.data('0'))).toMatchObject({
      status: 0,
      output: expect.stringMatching(/^nothing is lost: /),
    });
    const again = await town.start('0');
    expect(await (await town.client(again)).set('/after', 'x', 0)).toBeGreaterThan(0);
  });
});

describe('doozerd check', () => {
  test('tells a sound folder, for people and for programs, and changes no byte', async () => {
    await (await town.start('0')).stop();
    const before = digestOf(town.data('0'));
    const people = await command('check', town.data('0'));
    expect(people).toMatchObject({ status: 0, errors: '' });
    expect(people.output).toMatch(/^folder +\S+: sound\nnode +\S{16} of cluster "test"/);
    const programs = await command('check', '--json', town.data('0'));
    expect(programs.status).toBe(0);
    expect(JSON.parse(programs.output)).toMatchObject({
      verdict: 'sound',
      clusterName: 'test',
      vows: { term: 2, boot: 1, suspect: null },
      segments: [{ path: 'log/00000001.seg', from: { index: 0, term: 0 } }],
      problems: [],
    });
    expect(digestOf(town.data('0'))).toBe(before);
  });

  test('tells damage with file, byte, what was expected and found, and what to do', async () => {
    await (await town.start('0')).stop();
    flip(join(town.data('0'), 'state'), stateSlots[0]);
    const before = digestOf(town.data('0'));
    const one = await command('check', town.data('0'));
    expect(one.status).toBe(1);
    expect(one.output).toMatch(
      /problem +state at byte 0: expected the term and vote of this node, found checksum/,
    );
    expect(one.output).toContain('the other slot is good');
    flip(join(town.data('0'), 'state'), stateSlots[1]);
    const both = await command('check', '--json', town.data('0'));
    expect(both.status).toBe(2);
    expect(JSON.parse(both.output)).toMatchObject({
      verdict: 'unusable',
      problems: [{ file: 'state', offset: 0, verdict: 'unusable' }],
    });
    flip(join(town.data('0'), 'state'), ...stateSlots);
    flip(join(town.data('0'), 'state'), stateSlots[0]);
    expect(digestOf(town.data('0'))).toBe(before);
  });

  test('says so when a node runs on the folder', async () => {
    await town.start('0');
    expect(await command('check', town.data('0'))).toMatchObject({
      status: 2,
      output: '',
      errors: expect.stringMatching(/a node runs on .*process \d+ holds it; stop that process/),
    });
  });

  test('makes no folder where there is none, and knows one that is nobodys', async () => {
    const nowhere = join(town.folder, 'nowhere');
    expect(await command('check', nowhere)).toMatchObject({
      status: 2,
      errors: expect.stringContaining('it does not exist'),
    });
    expect(existsSync(nowhere)).toBe(false);
    const empty = await command('check', town.folder);
    expect(empty.status).toBe(2);
    expect(empty.output).toContain('this is no data folder of a node');
  });

  test.each([[[]], [['--json']], [['a', 'b']], [['-x', 'a']]])(
    'is used rightly: not %j',
    async (words) => {
      expect(await command('check', ...words)).toMatchObject({
        status: 2,
        errors: expect.stringContaining('usage: doozerd check [--json] DIR'),
      });
    },
  );
});
