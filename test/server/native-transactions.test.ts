// Transactions as a client of the native protocol meets them: what is checked before, what comes back.
import { describe, expect, test } from 'vitest';
import { leaseId, noLease, utf8 } from '../../src/base/index.ts';
import type {
  NativeCompare,
  NativeOperation,
  NativeRequest,
} from '../../src/protocol/client/index.ts';
import type { TreeLimits } from '../../src/tree/index.ts';
import { inSession, NativeConversation, noSession } from './support/native.ts';

function founded(
  bounds: Partial<TreeLimits> = {},
  options: ConstructorParameters<typeof NativeConversation>[0] = {},
): NativeConversation {
  const talk = new NativeConversation(options);
  talk.node.found(2, bounds);
  return talk;
}

const transact = (
  compares: readonly NativeCompare[],
  ifTrue: readonly NativeOperation[],
  ifFalse: readonly NativeOperation[] = [],
): NativeRequest => ({ kind: 'transact', tag: 1, compares, ifTrue, ifFalse, ...noSession });

const set = (path: string, body = 'x', rev = -1): NativeOperation => ({
  kind: 'set',
  path,
  body: utf8(body),
  rev,
  lease: noLease,
});
const read = (path: string): NativeOperation => ({ kind: 'get', path });
const exists = (path: string, it = true): NativeCompare => ({ kind: 'exists', path, exists: it });

describe('a transaction', () => {
  test('does one branch whole, and says what each operation came to', () => {
    const talk = founded();
    talk.node.set('/a', 'old');
    const request = transact(
      [exists('/a'), { kind: 'value', path: '/a', relation: 'equal', body: utf8('old') }],
      [
        set('/a', 'new'),
        read('/a'),
        { kind: 'create', prefix: '/q/', body: utf8('x'), lease: noLease },
        { kind: 'count', path: '/n', delta: 7, rev: 0 },
        { kind: 'delete', path: '/a', rev: -1 },
        read('/a'),
      ],
      [read('/n')],
    );
    expect(talk.ask(request)).toBe(
      '1 decided true @5 written@2,"new"@2 of 1 lease=0,written@3,counted 7@4,written@5,nothing',
    );
    expect(talk.ask(request)).toBe('1 decided false @5 "7"@4 of 4 lease=0');
  });

  test('that only looks takes no revision', () => {
    const talk = founded();
    talk.node.set('/a', 'x');
    expect(talk.ask(transact([], [read('/a')]))).toBe('1 decided true @1 "x"@1 of 1 lease=0');
    expect(talk.ask(transact([exists('/b')], [], []))).toBe('1 decided false @1 ');
    expect(talk.ask(transact([], []))).toBe('1 decided true @1 ');
  });

  test('is refused whole when one of its writes is, and the operation is named', () => {
    const talk = founded();
    talk.node.set('/a', 'x');
    expect(talk.ask(transact([], [set('/b'), set('/a', 'y', 0)]))).toBe('1 ERR_REV_MISMATCH rev=2');
    expect(talk.detail).toContain('Operation 2 of the transaction');
    const tied: NativeOperation = { ...set('/b'), lease: leaseId(77) } as NativeOperation;
    expect(talk.ask(transact([], [tied]))).toBe('1 ERR_NO_LEASE rev=3');
  });

  test('in a session is done once', () => {
    const talk = founded();
    talk.ask({ kind: 'grant', tag: 1, lengthMs: 10_000, window: 4, ...noSession });
    const add: NativeOperation = { kind: 'count', path: '/n', delta: 1, rev: -1 };
    const request = { ...transact([], [add, read('/n')]), ...inSession(2, 1) } as NativeRequest;
    const first = talk.ask(request);
    expect(first).toBe('1 decided true @1 counted 1@1,"1"@1 of 1 lease=0');
    expect(talk.ask(request)).toBe(first);
  });
});

describe('before anything is proposed', () => {
  const refusedWith = (talk: NativeConversation, request: NativeRequest, code: string) => {
    expect(talk.ask(request)).toBe(`1 ${code}`);
    expect(talk.node.proposed).toEqual([]);
    return talk.detail;
  };

  test("compares and operations of both branches count against the cluster's own bound", () => {
    const talk = founded({ transactionOperationsMax: 3 });
    const three = transact([exists('/a')], [set('/a')], [set('/b')]);
    expect(talk.ask(three)).toContain('1 decided');
    talk.node.proposed.length = 0;
    const four = transact([exists('/a')], [set('/a')], [set('/b'), read('/c')]);
    expect(refusedWith(talk, four, 'ERR_TOO_LARGE')).toBe(
      'Cannot transact 4 compares and operations: at most 3 go together',
    );
  });

  test('so do the bytes of paths and values, compared ones too', () => {
    const talk = founded({ transactionBytesMax: 20 });
    const compare: NativeCompare = {
      kind: 'value',
      path: '/a',
      relation: 'unequal',
      body: utf8('12345678'),
    };
    expect(talk.ask(transact([compare], [set('/b', '12345678')]))).toContain('1 decided');
    talk.node.proposed.length = 0;
    const large = transact([compare], [set('/b', '12345678')], [read('/')]);
    expect(refusedWith(talk, large, 'ERR_TOO_LARGE')).toBe(
      'Cannot transact 21 bytes of paths and values: at most 20 go together',
    );
  });

  test('each path, prefix and value is checked, and the place in the transaction is named', () => {
    const talk = founded({}, { limits: { valueBytesMax: 10, pathBytesMax: 40 } });
    const wrong: [NativeRequest, string, string][] = [
      [
        transact([exists('/a'), exists('b')], []),
        'ERR_BAD_PATH',
        'In compare 2 of the transaction: Cannot compare "b"',
      ],
      [
        transact([], [set('/a'), read('')]),
        'ERR_BAD_PATH',
        'In operation 2 of the transaction: Cannot get ""',
      ],
      [
        transact([], [], [set('/a b')]),
        'ERR_BAD_PATH',
        'In operation 1 of the transaction: Cannot write "/a b"',
      ],
      [
        transact([], [{ kind: 'create', prefix: 'q', body: utf8(''), lease: noLease }]),
        'ERR_BAD_PATH',
        'Cannot create "q"',
      ],
      [
        transact([], [set('/a', '12345678901')]),
        'ERR_TOO_LARGE',
        'In operation 1 of the transaction: Cannot set "/a": a value has at most 10 bytes, this one 11',
      ],
      [
        transact([], [{ kind: 'delete', path: `/${'a'.repeat(40)}`, rev: -1 }]),
        'ERR_TOO_LARGE',
        'at most 40 bytes, this one 41',
      ],
      [
        transact([{ kind: 'changed', path: '/a/', relation: 'less', revision: 5 }], []),
        'ERR_BAD_PATH',
        'Cannot compare "/a/"',
      ],
    ];
    for (const [request, code, words] of wrong) {
      expect(refusedWith(talk, request, code)).toContain(words);
    }
  });
});
