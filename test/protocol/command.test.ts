import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bootNumber, nodeId, sessionId, utf8 } from '../../src/base/index.ts';
import type { Path } from '../../src/paths/index.ts';
import { decodeEnvelope, encodeEnvelope, nilOrigin, originOf } from '../../src/protocol/index.ts';
import { type Command, usualLimits } from '../../src/tree/index.ts';
import { cluster, envelopeOf, nodeB, withByte } from './support.ts';

const path = (text: string) => text as Path;

const commands: Command[] = [
  { kind: 'set', path: path('/a/b-c.d'), body: utf8('body'), guard: 41 },
  { kind: 'set', path: path('/'), body: utf8(''), guard: -1 },
  { kind: 'delete', path: path('/a'), guard: -2 },
  { kind: 'nop' },
  {
    kind: 'found',
    lineage: { clusterId: cluster, epoch: 1, epochId: '' },
    name: 'lökal',
    behaviourVersion: 1,
    limits: { ...usualLimits, valueBytesMax: 1048576, pathBytesMax: 4096 },
    files: [
      { path: path('/ctl/name'), body: utf8('lökal') },
      { path: path('/ctl/cal/0'), body: utf8('') },
    ],
  },
  { kind: 'publish', node: nodeB, files: [{ name: 'applied', body: utf8('12') }] },
  { kind: 'publish', node: nodeB, files: [] },
];

const withSession = (command: Command) => ({
  ...envelopeOf(command),
  session: sessionId(900),
  seq: 12,
  ackedBelow: 11,
});

describe('commands', () => {
  test.each(commands)('a $kind reads back as it was written, with a session and without', (c) => {
    for (const envelope of [envelopeOf(c), withSession(c)]) {
      const bytes = encodeEnvelope(envelope);
      expect(decodeEnvelope(bytes)).toEqual(envelope);
      expect(originOf(bytes)).toEqual(envelope.origin);
    }
  });

  test('a body is a copy, so that a file does not keep the frame it came in', () => {
    const bytes = encodeEnvelope(envelopeOf(commands[0] ?? { kind: 'nop' }));
    const { command } = decodeEnvelope(bytes);
    if (command.kind !== 'set') throw new Error('no set');
    expect(command.body.buffer).not.toBe(bytes.buffer);
    expect(command.body.buffer.byteLength).toBe(4);
  });

  test('guards of either sign keep their value up to 2^53 - 1', () => {
    const most = Number.MAX_SAFE_INTEGER;
    for (const guard of [0, -1, -2, 2 ** 32, -(2 ** 32), -(2 ** 32) - 1, most, -most]) {
      const envelope = envelopeOf({ kind: 'delete', path: path('/a'), guard });
      expect(decodeEnvelope(encodeEnvelope(envelope))).toEqual(envelope);
    }
  });

  test('a command that is not known keeps its origin, so that whoever asked gets an answer', () => {
    const envelope = envelopeOf({ kind: 'nop' });
    const bytes = encodeEnvelope(envelope);
    const unreadable = envelopeOf({ kind: 'unreadable' });
    expect(decodeEnvelope(withByte(bytes, 1, 99))).toEqual(unreadable);
    expect(decodeEnvelope(withByte(bytes, 0, 2))).toEqual(unreadable);
    expect(decodeEnvelope(new Uint8Array([...bytes, 0]))).toEqual(unreadable);
  });

  test('without a readable origin it has the nil one, which no node has', () => {
    const bytes = encodeEnvelope(envelopeOf({ kind: 'nop' }));
    for (const broken of [
      new Uint8Array(0),
      bytes.subarray(0, 33),
      withByte(bytes, 5, 0x20),
      withByte(bytes, 24, 0xff),
      withByte(bytes, 33, 0xff),
    ]) {
      expect(originOf(broken)).toBe(nilOrigin);
      expect(decodeEnvelope(broken)).toEqual({
        origin: nilOrigin,
        session: 0,
        seq: 0,
        ackedBelow: 0,
        command: { kind: 'unreadable' },
      });
    }
  });

  test.each(['', 'a', '//', '/a/', '/a//b', '/a b', '/a\n', '/ä'])(
    'a path %j, which no door lets in, makes a command unreadable',
    (text) => {
      const bytes = encodeEnvelope(
        envelopeOf({ kind: 'delete', path: path(text.replace('ä', '\xe4')), guard: 0 }),
      );
      expect(decodeEnvelope(bytes).command).toEqual({ kind: 'unreadable' });
    },
  );

  test('an unreadable command is never written', () => {
    expect(() => encodeEnvelope(envelopeOf({ kind: 'unreadable' }))).toThrow('never written');
  });

  test('whatever the bytes are, reading them gives a command and never throws', () => {
    const whole = encodeEnvelope(envelopeOf(commands[4] ?? { kind: 'nop' }));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc
            .tuple(fc.nat(whole.length - 1), fc.nat(255))
            .map(([at, value]) => withByte(whole, at, value)),
          fc.nat(whole.length - 1).map((length) => whole.subarray(0, length)),
        ),
        (bytes) => {
          const { origin } = decodeEnvelope(bytes);
          expect(origin).toEqual(originOf(bytes));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('any set reads back as it was written', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9.-]{1,12}$/);
    fc.assert(
      fc.property(
        fc.array(name, { minLength: 1, maxLength: 6 }),
        fc.uint8Array({ maxLength: 300 }),
        fc.maxSafeInteger(),
        fc.maxSafeNat(),
        fc.stringMatching(/^[A-Z2-7]{16}$/),
        (names, body, guard, n, id) => {
          const command = { kind: 'set', path: path(`/${names.join('/')}`), body, guard } as const;
          const origin = { node: nodeId(id), boot: bootNumber(n), n };
          const envelope = { ...envelopeOf(command), origin };
          expect(decodeEnvelope(encodeEnvelope(envelope))).toEqual(envelope);
        },
      ),
    );
  });
});
