import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ClusterError,
  clusterTime,
  must,
  noBytes,
  noLease,
  sameBytes,
  textOf,
  utf8,
} from '../../src/base/index.ts';
import { path } from '../../src/paths/index.ts';
import {
  checkTree,
  digestText,
  encodeSnapshot,
  type File,
  fileAt,
  snapshotDecoder,
  type TreeState,
} from '../../src/tree/index.ts';
import { PathMap } from '../../src/tree/path-map.ts';
import { Driver, idOf } from './driver.ts';

function wholeOf(state: TreeState): Uint8Array {
  const chunks = [...encodeSnapshot(state)];
  const whole = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

function load(...chunks: readonly Uint8Array[]): TreeState {
  const decoder = snapshotDecoder();
  for (const chunk of chunks) decoder.push(chunk);
  return decoder.finish();
}

/** A state that has something in every field of the format. */
function fullState(behaviourVersion = 1): TreeState {
  const driver = new Driver();
  driver.take({ kind: 'nothing' }, 7);
  driver.members({ voters: 'A' });
  driver.found({ '/ctl/name': 'local', '/ctl/cal/0': idOf('A') }, {}, behaviourVersion);
  driver.members({ voters: 'A', learners: 'BC', parked: 'C' });
  driver.members({ voters: 'AB', outgoing: 'A', learners: 'C', learnersNext: '', parked: 'C' });
  driver.set('/a/b', 'body');
  driver.set('/a/b', utf8('ü'));
  return driver.state;
}

const hexOf = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');

// Literals, not snapshots of the test runner: no switch may rewrite what is on disks already.
describe('the format', () => {
  test('is that of version 1, byte by byte', () => {
    expect(hexOf(wholeOf(fullState())).match(/.{1,96}/g)).toEqual([
      '014f01000001070107040110434343434343434343434343434343430100056c6f63616ce80764011041414141414141',
      '414141414141414141000210424242424242424242424242424242421043434343434343434343434343434343000110',
      '4343434343434343434343434343434303104141414141414141414141414141414103413a3110424242424242424242',
      '4242424242424203423a31104343434343434343434343434343434303433a3102104141414141414141414141414141',
      '414110424242424242424242424242424242420101104141414141414141414141414141414101104343434343434343',
      '43434343434343430001104343434343434343434343434343434303104141414141414141414141414141414103413a',
      '31104242424242424242424242424242424203423a31104343434343434343434343434343434303433a3101042f612f',
      '620000030a000000042f612f62030400c3bc1e0000000a2f63746c2f63616c2f30020200414141414141414141414141',
      '4141414112000000092f63746c2f6e616d650101006c6f63616c100000003d6c8bbb118ac4478bf864004c4bb030',
    ]);
  });

  test('of an empty tree is that of version 1, too', () => {
    expect(hexOf(wholeOf(new Driver().state)).match(/.{1,96}/g)).toEqual([
      '011c00000000000000000000808040802000000000000000000000000000000000100000005cbe4d7d9dca05d337855f',
      'ede70a5cd9',
    ]);
  });

  test('is the same whatever order the addresses of a membership came in', () => {
    const { state } = new Driver();
    const addresses = [
      [idOf('B'), 'b:1'],
      [idOf('A'), 'a:1'],
    ] as const;
    const [one, other] = [addresses, addresses.toReversed()].map((pairs) => ({
      ...state,
      membership: { ...state.membership, addresses: new Map(pairs) },
    }));
    expect(wholeOf(must(one, 'a state'))).toEqual(wholeOf(must(other, 'a state')));
  });
});

describe('loading', () => {
  const everything = (state: TreeState) => ({
    ...state,
    files: [...state.files.entries()],
    directories: [...state.directories.entries()],
  });

  test.each([1, 2])(
    'of behaviour version %d gives back everything, and goes on alike',
    (version) => {
      const state = fullState(version);
      const loaded = load(wholeOf(state));
      checkTree(loaded);
      const lastEvent = must(state.lastEvent, 'something happened');
      expect(textOf(lastEvent.previous ?? noBytes)).toBe('body');
      // In version 1 nobody who begins with it knows what was there before its last event.
      const known = version === 1 ? { ...lastEvent, previous: null } : lastEvent;
      expect(everything(loaded)).toEqual(everything({ ...state, lastEvent: known }));
      expect(digestText(loaded)).toBe(digestText(state));
      const [there, here] = [new Driver(state), new Driver(loaded)];
      for (const driver of [there, here]) {
        driver.members({ voters: 'AB', learners: 'C' });
        driver.set('/a/b/c');
        driver.set('/a/b', 'x');
        driver.delete('/ctl/name');
      }
      expect(digestText(here.state)).toBe(digestText(there.state));
    },
  );

  const command = fc.record({
    at: fc.constantFrom('/a', '/a/b', '/a-b', '/c/d/e', '/c/d', '/ctl/err/x', '/ctl/cal/1'),
    body: fc.uint8Array({ maxLength: 300 }),
    verb: fc.constantFrom('set', 'set', 'delete', 'nop'),
  });

  test('gives an equal digest whatever happened, and wherever the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(command, { maxLength: 40 }),
        fc.array(fc.nat({ max: 2000 }), { maxLength: 20 }),
        (commands, cuts) => {
          const driver = new Driver();
          driver.found({}, {}, 2);
          for (const { at, body, verb } of commands) {
            if (verb === 'set') driver.set(at, body);
            else if (verb === 'delete') driver.delete(at);
            else driver.command({ kind: 'nop' });
          }
          const whole = wholeOf(driver.state);
          const places = [...new Set([0, ...cuts.filter((cut) => cut < whole.length)])];
          places.sort((a, b) => a - b);
          const loaded = load(...places.map((from, i) => whole.subarray(from, places[i + 1])));
          checkTree(loaded);
          expect(everything(loaded)).toEqual(everything(driver.state));
          expect(digestText(loaded)).toBe(digestText(driver.state));
          expect(wholeOf(loaded)).toEqual(whole);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('takes texts in any letters', () => {
    const state = { ...fullState(), name: 'a'.repeat(20).concat('ä𝄞b') };
    expect(load(wholeOf(state)).name).toBe(state.name);
  });

  test('takes single bytes', () => {
    const whole = wholeOf(fullState());
    const loaded = load(...[...whole].map((byte) => new Uint8Array([byte])));
    expect(digestText(loaded)).toBe(digestText(fullState()));
  });

  test('takes bodies of many pieces, and cuts none larger than 64 KiB', () => {
    const driver = new Driver(undefined, false);
    const body = new Uint8Array(1024 * 1024).map((_, i) => i * 7);
    driver.set('/large', body);
    for (let i = 0; i < 2000; i++) driver.set(`/n/${i}`, body.subarray(0, 100));
    const chunks = [...encodeSnapshot(driver.state)];
    expect(Math.max(...chunks.map(({ length }) => length))).toBe(64 * 1024);
    const loaded = load(...chunks);
    // Not `toEqual`, which takes seconds for a body of this size.
    expect(sameBytes(fileAt(loaded, path('/large'))?.body ?? noBytes, body)).toBe(true);
    expect(digestText(loaded)).toBe(digestText(driver.state));
  });

  test('keeps no piece that was pushed', () => {
    const whole = wholeOf(fullState());
    const loaded = load(whole);
    whole.fill(0);
    expect(digestText(loaded)).toBe(digestText(fullState()));
    checkTree(loaded);
  });
});

describe.each([1, 2])('damage of a snapshot of behaviour version %d', (version) => {
  const whole = wholeOf(fullState(version));
  const errorOf = (bytes: Uint8Array): ClusterError | null => {
    try {
      load(bytes);
      return null;
    } catch (error) {
      if (error instanceof ClusterError) return error;
      throw error;
    }
  };

  test('at any byte is found, whichever bit it hits', () => {
    for (let at = 0; at < whole.length; at++) {
      for (const bit of [1, 16, 128]) {
        const damaged = whole.slice();
        damaged[at] = (damaged[at] ?? 0) ^ bit;
        expect(errorOf(damaged)?.code, `byte ${at}, bit ${bit}`).toBe('ERR_DISK_CORRUPT');
      }
    }
  });

  test('by a cut anywhere is found', () => {
    for (let length = 0; length < whole.length; length++) {
      expect(errorOf(whole.subarray(0, length))?.message).toContain('ends too early');
    }
  });

  const table: readonly [name: string, at: number, byte: number, message: RegExp][] = [
    ['another version', 0, 2, /format 2 is not known at byte 0/],
    ['a length from garbage', 4, 0xff, /a record is too long at byte 1/],
    ['a digest that is not the state', whole.length - 1, 0, /the digest is not that of/],
  ];
  for (const [name, at, byte, message] of table) {
    test(`is told: ${name}`, () => {
      const damaged = whole.slice();
      damaged[at] = damaged[at] === byte ? byte + 1 : byte;
      expect(errorOf(damaged)?.message).toMatch(message);
    });
  }

  const file = { body: utf8('x'), created: 1 as never, changed: 1 as never, lease: noLease };
  for (const paths of [['/a', '/a/b'], ['/a', '/a/b/c', '/b'], ['/a/b', '/a/b/c/d'], ['/']]) {
    test(`is told: files where none can stand, as in ${paths.join(' ')}`, () => {
      let files = PathMap.empty<File>();
      for (const one of paths) files = files.with(path(one), file);
      const impossible = { ...fullState(), files };
      expect(errorOf(wholeOf(impossible))?.message).toMatch(/a file stands below a file/);
    });
  }

  test('is told: paths out of order', () => {
    const files = PathMap.empty<File>().with(path('/a'), file).with(path('/b'), file);
    const bytes = wholeOf({ ...fullState(), files });
    const at = bytes.findIndex((_, i) => textOf(bytes.subarray(i, i + 3)) === '\x02/a');
    bytes[at + 2] = 'b'.charCodeAt(0);
    expect(errorOf(bytes)?.message).toMatch(/paths are out of order/);
  });

  test('is told: something follows', () => {
    expect(errorOf(new Uint8Array([...whole, 0, 0, 0, 0]))?.message).toMatch(/follows the digest/);
    expect(errorOf(new Uint8Array([...whole, 0]))?.message).toMatch(/ends too early|follows/);
  });
});

test('a digest tells states apart by every one of their fields', () => {
  const base = fullState();
  const file = must(fileAt(base, path('/a/b')), 'a file');
  const other: TreeState[] = [
    { ...base, appliedIndex: 99 as never },
    { ...base, appliedTerm: 99 as never },
    { ...base, clusterTime: clusterTime(99) },
    { ...base, revision: 99 as never },
    { ...base, name: 'other' },
    { ...base, lineage: null },
    { ...base, behaviourVersion: 2 },
    { ...base, limits: { ...base.limits, valueBytesMax: 99 } },
    { ...base, membership: base.membershipInForce },
    { ...base, membershipInForce: base.membership },
    { ...base, lastEvent: null },
    new Driver(base, false).set('/a/b', 'u').state,
  ];
  const digests = [base, ...other].map(digestText);
  expect(new Set(digests).size).toBe(digests.length);
  expect(file.body.length).toBe(2);
});
