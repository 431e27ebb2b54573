import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { utf8 } from '../../src/base/index.ts';
import type { NativeRequest } from '../../src/protocol/client/index.ts';
import {
  decodeReplies,
  decodeRequests,
  encodeReplies,
  encodeRequests,
} from '../../src/protocol/client/index.ts';
import { unpack } from '../../src/protocol/client/tuple.ts';
import { asClient, changes, replies, requests } from './client-samples.ts';
import { failureOf, fromHex, nodeA, nodeB, packed } from './support.ts';

describe('the native protocol', () => {
  test.each(requests)('a $kind request reads back as it was written', (request) => {
    expect(decodeRequests(encodeRequests([request]))).toEqual([request]);
  });

  test.each(replies)('a $kind reply reads back as it was written', (reply) => {
    expect(decodeReplies(encodeReplies([reply]))).toEqual([reply]);
  });

  test('a message holds many, in order', () => {
    expect(decodeRequests(encodeRequests(requests))).toEqual(requests);
    expect(decodeReplies(encodeReplies(replies))).toEqual(replies);
    expect(asClient).toBe(changes);
  });

  test('bodies are plain bytes, not Buffers, and views of the message', () => {
    const message = new Uint8Array(encodeReplies(replies.slice(0, 1)));
    const [reply] = decodeReplies(message);
    if (reply?.kind !== 'value') throw new Error('no value');
    expect(reply.body.constructor).toBe(Uint8Array);
    expect(reply.body.buffer).toBe(message.buffer);
  });

  test('messages written one after the other do not disturb each other', () => {
    const first = encodeReplies([{ kind: 'pong', tag: 1 }]);
    const copy = first.slice();
    for (let tag = 0; tag < 10_000; tag++) encodeReplies([{ kind: 'pong', tag }]);
    expect(first).toEqual(copy);
  });

  test('a verb that is not known gets its answer; the requests beside it are read', () => {
    const message = packed([
      [77, 5, 'what', ['ever', 1]],
      [18, 6],
    ]);
    expect(decodeRequests(message)).toEqual([
      { kind: 'unknown', tag: 5, verb: 77 },
      { kind: 'ping', tag: 6 },
    ]);
    expect(() => encodeRequests([{ kind: 'unknown', tag: 5, verb: 77 }])).toThrow('never written');
  });

  test('an error code of a later release says at least what may have happened', () => {
    const error = (effect: number) => packed([[0, 1, 'ERR_NEW', 'why', effect, null, null, null]]);
    expect(decodeReplies(error(0))).toMatchObject([
      { code: 'ERR_BAD_ARGUMENT', effect: 'none', detail: 'ERR_NEW: why' },
    ]);
    expect(decodeReplies(error(1))).toMatchObject([
      { code: 'ERR_OUTCOME_UNKNOWN', effect: 'unknown', detail: 'ERR_NEW: why' },
    ]);
  });

  test('numbers that another writer put into eight bytes are numbers', () => {
    const ping = new Uint8Array([
      0x91, 0x92, 0xcf, 0, 0, 0, 0, 0, 0, 0, 18, 0xd3, 0, 0, 0, 0, 0, 0, 0, 6,
    ]);
    expect(decodeRequests(ping)).toEqual([{ kind: 'ping', tag: 6 }]);
  });

  test.each<[string, unknown, string]>([
    ['no list', 5, 'it is not a list of tuples'],
    ['no tuple', [5], 'it is not a tuple'],
    ['no verb', [[]], '0 fields, more expected'],
    ['a field too few', [[1, 1, '/a']], '3 fields, more expected'],
    ['a field too many', [[18, 1, 1]], '3 fields, 2 expected'],
    ['a negative tag', [[18, -1]], 'field 1 is negative: -1'],
    ['half a tag', [[18, 0.5]], 'field 1 is not a whole number'],
    ['a tag above 2^53', [[18, 2 ** 53]], 'field 1 is not a whole number'],
    ['a path of bytes', [[1, 1, utf8('/a'), null]], 'field 2 is not a text'],
    ['a body of text', [[2, 1, '/a', 'x', 0, 0, 0, 0]], 'field 3 is not bytes'],
    ['no node id', [[16, 1, 'x', 'a:1', 'local', null, null]], 'field 2 is not a node id'],
    ['a lease that is negative', [[23, 1, -1, 0, 0, 0]], 'field 2 is negative: -1'],
    ['leases of text', [[24, 1, ['x'], true]], 'field 2 is not a list of whole numbers'],
    ['a lease of half', [[24, 1, [0.5], true]], 'field 2 is not a list of whole numbers'],
    ['no flag', [[24, 1, [], 1]], 'field 3 is not true or false'],
    ['no compare', [[21, 1, [[9, '/a']], [], [], 0, 0, 0]], 'field 0 is no kind of compare: 9'],
    [
      'no relation',
      [[21, 1, [[1, '/a', 4, 0]], [], [], 0, 0, 0]],
      'field 2 is not one of equal, unequal, less, greater',
    ],
    ['no operation', [[21, 1, [], [[6, '/a']], [], 0, 0, 0]], 'field 0 is no kind of operation: 6'],
    ['an operation too long', [[21, 1, [], [], [[5, '/a', 1]], 0, 0, 0]], '3 fields, 2 expected'],
    ['operations in no list', [[21, 1, [], 5, [], 0, 0, 0]], 'field 3 is not a list'],
    ['a delta of half', [[20, 1, '/n', 0.5, -1, 0, 0, 0]], 'field 3 is not a whole number'],
    ['a get with too much', [[1, 1, '/a', null, 5, 5]], '6 fields, 5 expected'],
    ['a negative least', [[1, 1, '/a', null, -5]], 'field 4 is negative: -5'],
    ['no change', [[17, 1, [9, nodeA], null]], 'field 0 is no kind of change: 9'],
  ])('requests with %s are refused', (_, value, message) => {
    expect(failureOf(() => decodeRequests(packed(value)))).toBe(
      `ERR_BAD_FRAME Cannot read a request: ${message}`,
    );
  });

  test.each<[string, string, string]>([
    ['a map', '81 a1 61 01', 'at byte 0: type 0x81 is not used here'],
    ['a date', '91 94 01 01 a1 61 d6ff 00000000', 'at byte 6: type 0xd6 is not used here'],
    ["one of msgpackr's records", 'd47240 91 a1 61 01', 'at byte 0: type 0xd4 is not used here'],
    ['undefined', '91 92 12 d40000', 'at byte 3: type 0xd4 is not used here'],
    ['a text that is cut short', '91 92 12 a5 61', 'at byte 4: 5 bytes wanted, 1 left'],
    ['a list longer than its bytes', '91 dd ffffffff', 'at byte 6: a list of 4294967295 items'],
    ['bytes after the end', '91 92 12 01 00', 'at byte 4: 1 bytes too many'],
    ['nothing', '', 'at byte 0: 1 bytes wanted, 0 left'],
    ['lists nine deep', '919191919191919191', 'at byte 9: lists within lists, more than 8 deep'],
  ])('%s in the place of requests is refused, naming the byte', (_, hex, message) => {
    expect(failureOf(() => decodeRequests(fromHex(hex)))).toBe(
      `ERR_BAD_FRAME Cannot read a request ${message}`,
    );
  });

  test('what msgpackr writes is read as msgpackr reads it', () => {
    const { field } = fc.letrec<{ field: unknown; list: unknown }>((tie) => ({
      field: fc.oneof(
        { maxDepth: 6 },
        fc.constant(null),
        fc.boolean(),
        fc.maxSafeInteger(),
        fc.integer({ min: -40_000, max: 70_000 }),
        fc.double({ noNaN: true }).filter((n) => !Object.is(n, -0)),
        fc.string({ unit: 'grapheme', maxLength: 300 }),
        fc.uint8Array({ maxLength: 300 }),
        tie('list'),
      ),
      list: fc.array(tie('field'), { maxLength: 20 }),
    }));
    fc.assert(
      fc.property(field, (value) => {
        expect(unpack(packed(value), 'a value')).toEqual(value);
      }),
      { numRuns: 1000 },
    );
    for (const length of [31, 32, 255, 256, 65_535, 65_536]) {
      const value = ['x'.repeat(length), new Uint8Array(length), new Array(length).fill(1)];
      expect(unpack(packed(value), 'a value')).toEqual(value);
    }
  });

  test('more requests in one message than may be in flight are refused', () => {
    const many = Array.from({ length: 4097 }, (_, tag): NativeRequest => ({ kind: 'ping', tag }));
    expect(failureOf(() => decodeRequests(encodeRequests(many)))).toContain('at most 4096');
  });

  test('a membership with a stray or missing address is refused', () => {
    const message = (addresses: unknown) =>
      packed([[10, 1, 'local', null, [[nodeA], null, [], [], [], addresses], [1, 1]]]);
    expect(decodeReplies(message([[nodeA, 'a:1']]))).toHaveLength(1);
    for (const wrong of [
      [],
      [[nodeB, 'b:1']],
      [
        [nodeA, 'a:1'],
        [nodeB, 'b:1'],
      ],
    ]) {
      expect(failureOf(() => decodeReplies(message(wrong)))).toContain('one address');
    }
  });
});
