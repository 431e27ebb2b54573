import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bootNumber, limits, logIndex, nodeId, noTerm, term, utf8 } from '../../src/base/index.ts';
import type { NodeMessage, PeerFrame } from '../../src/protocol/index.ts';
import {
  decodePeerFrame,
  decodePeerHello,
  decodePeerProof,
  encodePeerFrame,
  encodePeerHello,
  encodePeerProof,
  peerFrameLength,
  peerProtocol,
  proofBytes,
  splitPeerFrame,
} from '../../src/protocol/index.ts';
import type { Message } from '../../src/raft/index.ts';
import {
  cluster,
  commandEntry,
  entryOf,
  failureOf,
  jointMembership,
  nodeA,
  withByte,
} from './support.ts';

const at = (index: number, ofTerm: number) => ({ index: logIndex(index), term: term(ofTerm) });
const three = term(3);
const meta = {
  index: logIndex(50),
  term: three,
  time: entryOf(50, 3, { kind: 'noop' }).time,
  membership: jointMembership,
  membershipAt: at(40, 2),
};

const appendRequest = (...entries: ReturnType<typeof commandEntry>[]): Message => ({
  kind: 'appendRequest',
  term: three,
  previous: at(10, 2),
  commit: logIndex(9),
  entries,
});

const messages: Message[] = [
  { kind: 'preVoteRequest', term: three, last: at(5, 2), memberIndex: logIndex(1) },
  { kind: 'preVoteReply', term: three, granted: true, doubt: null },
  { kind: 'voteRequest', term: three, last: at(5, 2), transfer: true, memberIndex: logIndex(1) },
  { kind: 'voteReply', term: three, granted: false, doubt: null },
  { kind: 'preVoteReply', term: three, granted: true, doubt: at(6, 2) },
  { kind: 'voteReply', term: three, granted: true, doubt: at(7, 2) },
  appendRequest(),
  appendRequest(commandEntry(11, 2, 'one'), entryOf(12, 3, { kind: 'noop' })),
  { kind: 'appendReply', term: three, matched: logIndex(12) },
  { kind: 'appendRefusal', term: three, previous: logIndex(10), hint: at(7, 1) },
  { kind: 'heartbeat', term: three, commit: logIndex(4), newest: logIndex(9), round: 77 },
  { kind: 'heartbeatReply', term: three, round: 77 },
  { kind: 'readRequest', term: three, n: 2 ** 40 },
  { kind: 'readReply', term: three, n: 5, index: logIndex(9) },
  { kind: 'readReply', term: three, n: 5, index: null },
  { kind: 'snapshot', term: three, meta },
  { kind: 'timeoutNow', term: three, last: at(5, 2) },
  { kind: 'lookFor', term: noTerm, memberIndex: logIndex(3) },
  { kind: 'removed', term: three, membershipAt: at(40, 2) },
];

const piece: NodeMessage = {
  kind: 'snapshotPiece',
  index: logIndex(50),
  term: three,
  meta,
  position: 0,
  size: 10,
  bytes: utf8('12345'),
};
const digestPoint = { index: logIndex(64), version: 1, digest: '00000001deadbeefffffffff12345678' };
const digest: Extract<NodeMessage, { kind: 'digest' }> = {
  kind: 'digest',
  term: three,
  claims: [
    {
      node: nodeId('AAAAAAAAAAAAAAAA'),
      boot: bootNumber(2),
      n: 7,
      points: [{ ...digestPoint, index: logIndex(2 ** 40) }, digestPoint],
    },
    { node: nodeId('BBBBBBBBBBBBBBBB'), boot: bootNumber(1), n: 0, points: [] },
  ],
};
const nodeMessages: NodeMessage[] = [
  { kind: 'forward', term: three, batch: 4, commands: [utf8('a'), utf8(''), utf8('bc')] },
  { kind: 'forwardRefused', term: three, batch: 4, reason: 'transferring' },
  piece,
  { ...piece, meta: null, position: 5 },
  { kind: 'snapshotAck', index: logIndex(50), term: three, position: 5 },
  digest,
  { kind: 'digest', term: three, claims: [] },
  { kind: 'snapshotWanted', term: three, index: logIndex(50) },
];

/** As the receiver sees it: entries carry their bytes. */
const received = (frame: PeerFrame) => decodePeerFrame(encodePeerFrame(frame));

describe('peer frames', () => {
  test.each(messages)('a $kind reads back as it was sent', (message) => {
    expect(received({ messages: [message], nodeMessages: [] })).toEqual({
      messages: [message],
      nodeMessages: [],
    });
  });

  test.each(nodeMessages)('a $kind reads back as it was sent', (message) => {
    expect(received({ messages: [], nodeMessages: [message] }).nodeMessages).toEqual([message]);
  });

  test('many messages keep their order', () => {
    const frame = { messages, nodeMessages };
    expect(received(frame)).toEqual(frame);
    expect(encodePeerFrame(frame).length).toBe(peerFrameLength(frame));
  });

  test('an empty frame is a frame', () => {
    expect(received({ messages: [], nodeMessages: [] })).toEqual({
      messages: [],
      nodeMessages: [],
    });
  });

  test('entries that go to two peers are encoded once', () => {
    const entry = commandEntry(11, 3, 'x');
    const frame = { messages: [appendRequest(entry)], nodeMessages: [] };
    const first = encodePeerFrame(frame);
    const { encoded } = entry;
    expect(encoded).not.toBeNull();
    expect(encodePeerFrame(frame)).toEqual(first);
    expect(entry.encoded).toBe(encoded);
  });

  test('what was received is passed on with the very bytes it came in', () => {
    const frame = received({
      messages: [appendRequest(commandEntry(11, 3, 'x'))],
      nodeMessages: [],
    });
    const [message] = frame.messages;
    if (message?.kind !== 'appendRequest') throw new Error('no append request');
    const encoded = message.entries[0]?.encoded;
    expect(encodePeerFrame(frame)).toEqual(
      encodePeerFrame({ messages: [appendRequest(commandEntry(11, 3, 'x'))], nodeMessages: [] }),
    );
    expect(message.entries[0]?.encoded).toBe(encoded);
  });

  test('no cut of a frame reads as a frame', () => {
    const bytes = encodePeerFrame({ messages, nodeMessages });
    for (let length = 0; length < bytes.length; length++) {
      expect(failureOf(() => decodePeerFrame(bytes.subarray(0, length)))).toContain(
        'ERR_BAD_FRAME',
      );
    }
    expect(failureOf(() => decodePeerFrame(new Uint8Array([...bytes, 0])))).toContain('too many');
  });

  test('whatever one byte is changed to, reading gives a frame or ERR_BAD_FRAME', () => {
    const bytes = encodePeerFrame({ messages, nodeMessages });
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (where, value) => {
        const changed = withByte(bytes, where, value);
        const failure = failureOf(() => decodePeerFrame(changed));
        expect(failure === 'nothing was thrown' || failure.startsWith('ERR_BAD_FRAME')).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test('entries with a gap, of a falling term, or of a term to come are refused', () => {
    const refused = (...entries: ReturnType<typeof commandEntry>[]) =>
      failureOf(() => received({ messages: [appendRequest(...entries)], nodeMessages: [] }));
    expect(refused(commandEntry(12, 3, 'x'))).toContain('entry 12 follows 10');
    expect(refused(commandEntry(11, 3, 'x'), commandEntry(13, 3, 'y'))).toContain(
      'entry 13 follows 11',
    );
    expect(refused(commandEntry(11, 3, 'x'), commandEntry(12, 2, 'y'))).toContain(
      'an entry of term 2 between 3 and 3',
    );
    expect(refused(commandEntry(11, 4, 'x'))).toContain('an entry of term 4 between 2 and 3');
  });

  test('counts that cannot be true are refused before anything is made for them', () => {
    const bytes = encodePeerFrame({ messages: [], nodeMessages: [] });
    expect(failureOf(() => decodePeerFrame(withByte(bytes, 3, 0xff)))).toContain(
      'items cannot fit',
    );
    expect(failureOf(() => decodePeerFrame(withByte(bytes, 7, 0xff)))).toContain(
      'items cannot fit',
    );
  });

  test('a frame above the limit is refused, and a piece that is too large or too far', () => {
    const large = new Uint8Array(limits.frameBytesMax + 1);
    expect(failureOf(() => decodePeerFrame(large))).toContain('at most 8388608');
    const bytes = new Uint8Array(limits.snapshotPieceBytesMax + 1);
    const tooLarge = { ...piece, size: bytes.length, bytes };
    expect(failureOf(() => received({ messages: [], nodeMessages: [tooLarge] }))).toContain(
      'a piece is too large',
    );
    const many = {
      ...digest,
      claims: digest.claims.map((claim) => ({
        ...claim,
        points: Array.from({ length: limits.digestPointsMax + 1 }, () => digestPoint),
      })),
    };
    expect(failureOf(() => received({ messages: [], nodeMessages: [many] }))).toContain(
      `at most ${limits.digestPointsMax}`,
    );
    const tooFar = { ...piece, position: 6 };
    expect(failureOf(() => received({ messages: [], nodeMessages: [tooFar] }))).toContain(
      'a piece goes beyond its snapshot',
    );
  });

  test('a frame that is too long is cut between its messages, in order', () => {
    const frame = { messages: messages.slice(0, 4), nodeMessages: nodeMessages.slice(0, 2) };
    expect(splitPeerFrame(frame, 1000)).toEqual([frame]);
    const parts = splitPeerFrame(frame, 100);
    expect(parts.length).toBe(6);
    expect(parts.flatMap((part) => part.messages)).toEqual(frame.messages);
    expect(parts.flatMap((part) => part.nodeMessages)).toEqual(frame.nodeMessages);
  });
});

describe('peer hellos', () => {
  const hello = {
    version: 1,
    oldestVersion: 1,
    lineage: { clusterId: cluster, epoch: 2, epochId: 'ABC' },
    clusterName: 'pröd',
    nodeId: nodeA,
    boot: bootNumber(9),
    address: '10.0.0.1:8046',
    secretHash: new Uint8Array([1, 2, 3]),
    nonce: new Uint8Array(0),
  };

  test('one reads back as it was said, with a lineage and without', () => {
    expect(decodePeerHello(encodePeerHello(hello))).toEqual(hello);
    const joining = { ...hello, lineage: null, secretHash: new Uint8Array(0) };
    expect(decodePeerHello(encodePeerHello(joining))).toEqual(joining);
    const second = { ...hello, version: 2, nonce: new Uint8Array(proofBytes).fill(7) };
    expect(decodePeerHello(encodePeerHello(second))).toEqual(second);
    const short = encodePeerHello({ ...second, nonce: new Uint8Array(31) });
    expect(failureOf(() => decodePeerHello(short))).toContain('a nonce is 32 bytes, or none');
  });

  test('a proof reads back as it was said, and nothing else reads as one', () => {
    const proof = new Uint8Array(proofBytes).map((_, i) => i);
    const bytes = encodePeerProof(proof);
    expect(decodePeerProof(bytes)).toEqual(proof);
    for (const wrong of [bytes.subarray(0, 35), new Uint8Array([...bytes, 0]), utf8('hello')]) {
      expect(failureOf(() => decodePeerProof(wrong))).toContain('ERR_BAD_FRAME');
    }
  });

  test('one of a later version is read, so that it can be refused with both versions', () => {
    const later = { ...hello, version: peerProtocol.newest + 1 };
    const bytes = new Uint8Array([...encodePeerHello(later), 1, 2, 3]);
    expect(decodePeerHello(bytes)).toEqual(later);
    const present = new Uint8Array([...encodePeerHello(hello), 1, 2, 3]);
    expect(failureOf(() => decodePeerHello(present))).toContain('3 bytes too many');
  });

  test('something else is not taken for one', () => {
    expect(failureOf(() => decodePeerHello(utf8('GET / HTTP/1.1')))).toContain(
      'does not begin with "dzp1"',
    );
    expect(failureOf(() => decodePeerHello(new Uint8Array(0)))).toContain('ERR_BAD_FRAME');
  });

  test('no cut of a hello reads as one', () => {
    const bytes = encodePeerHello(hello);
    for (let length = 0; length < bytes.length; length++) {
      expect(failureOf(() => decodePeerHello(bytes.subarray(0, length)))).toContain(
        'ERR_BAD_FRAME',
      );
    }
  });
});
