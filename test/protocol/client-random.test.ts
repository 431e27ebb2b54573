import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { leaseId, sessionId } from '../../src/base/index.ts';
import type {
  NativeCompare,
  NativeOperation,
  NativeRequest,
} from '../../src/protocol/client/index.ts';
import {
  decodeClientHello,
  decodeReplies,
  decodeRequests,
  decodeServerHello,
  encodeReplies,
  encodeRequests,
} from '../../src/protocol/client/index.ts';
import { replies, requests } from './client-samples.ts';
import { failureOf } from './support.ts';

const whole = fc.maxSafeNat();
const path = fc.string({ unit: 'grapheme', maxLength: 40 });
const bytes = fc.uint8Array({ maxLength: 40 });
const lease = whole.map(leaseId);
const relation = fc.constantFrom('equal', 'unequal', 'less', 'greater');
const anySession = fc.record({ session: whole.map(sessionId), seq: whole, ackedBelow: whole });
const anyCompare: fc.Arbitrary<NativeCompare> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('changed', 'created'),
    path,
    relation,
    revision: fc.maxSafeInteger(),
  }),
  fc.record({ kind: fc.constant('value'), path, relation, body: bytes }),
  fc.record({ kind: fc.constant('lease'), path, lease, equal: fc.boolean() }),
  fc.record({ kind: fc.constant('exists'), path, exists: fc.boolean() }),
);
const anyOperation: fc.Arbitrary<NativeOperation> = fc.oneof(
  fc.record({ kind: fc.constant('set'), path, body: bytes, rev: fc.maxSafeInteger(), lease }),
  fc.record({ kind: fc.constant('delete'), path, rev: fc.maxSafeInteger() }),
  fc.record({ kind: fc.constant('create'), prefix: path, body: bytes, lease }),
  fc.record({
    kind: fc.constant('count'),
    path,
    delta: fc.maxSafeInteger(),
    rev: fc.maxSafeInteger(),
  }),
  fc.record({ kind: fc.constant('get'), path }),
);
const operations = fc.array(anyOperation, { maxLength: 8 });
const transact = fc
  .tuple(whole, fc.array(anyCompare, { maxLength: 8 }), operations, operations, anySession)
  .map(
    ([tag, compares, ifTrue, ifFalse, session]): NativeRequest => ({
      kind: 'transact',
      tag,
      compares,
      ifTrue,
      ifFalse,
      ...session,
    }),
  );
const anyRequest: fc.Arbitrary<NativeRequest> = fc.oneof(
  transact,
  fc.record({
    kind: fc.constant('get'),
    tag: whole,
    path,
    rev: fc.option(fc.maxSafeInteger()),
    least: fc.option(whole),
  }),
  fc.record({
    kind: fc.constant('keepAlive'),
    tag: whole,
    leases: fc.array(lease, { maxLength: 40 }),
    renew: fc.boolean(),
  }),
);

describe('native messages at random', () => {
  test('every request reads back as it was written, whatever it holds', () => {
    fc.assert(
      fc.property(fc.array(anyRequest, { minLength: 1, maxLength: 5 }), (some) => {
        expect(decodeRequests(encodeRequests(some))).toEqual(some);
      }),
      { numRuns: 500 },
    );
  });

  test('whatever the bytes are, reading gives messages or ERR_BAD_FRAME', () => {
    const said = [encodeRequests(requests), encodeReplies(replies)];
    const length = Math.min(...said.map((message) => message.length));
    const message = fc.constantFrom(...said);
    const change = fc.tuple(fc.nat(length - 1), fc.nat(255));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 60 }),
          fc.tuple(message, fc.nat(length - 1)).map(([one, upto]) => one.slice(0, upto)),
          fc
            .tuple(message, fc.array(change, { minLength: 1, maxLength: 4 }))
            .map(([one, changed]) => {
              const bytes = one.slice();
              for (const [where, value] of changed) bytes[where] = value;
              return bytes;
            }),
        ),
        (bytes) => {
          for (const decode of [
            decodeRequests,
            decodeReplies,
            decodeClientHello,
            decodeServerHello,
          ]) {
            const failure = failureOf(() => decode(bytes));
            expect(failure).toMatch(/^(ERR_BAD_FRAME|nothing was thrown)/);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});
