import { describe, expect, test } from 'vitest';
import { limits } from '../../src/base/index.ts';

const named = Object.entries(limits) as [keyof typeof limits, number][];

describe('limits', () => {
  test.each(named)('%s is a whole number above 0', (_name, value) => {
    expect(Number.isSafeInteger(value) && value > 0).toBe(true);
  });

  test('lie between their own least and most', () => {
    const named = limits as Readonly<Record<string, number>>;
    for (const [name, least] of Object.entries(named)) {
      if (!name.endsWith('Min')) continue;
      const most = named[`${name.slice(0, -3)}Max`];
      if (most !== undefined) expect(least, name).toBeLessThanOrEqual(most);
    }
    expect(limits.historyRevisions).toBeLessThanOrEqual(limits.historyRevisionsMax);
    expect(limits.silenceMinMs).toBeLessThanOrEqual(limits.silenceMs);
    expect(limits.votersMax).toBeLessThanOrEqual(limits.membersMax);
  });

  describe('of bytes nest', () => {
    test('a request with the largest path and value fits a frame, and so does its answer', () => {
      expect(limits.valueBytesMax + limits.pathBytesMax).toBeLessThan(limits.frameBytesMax);
    });

    test('a batch that grew by one more answer fits a frame', () => {
      expect(limits.batchBytesMax + limits.valueBytesMax + limits.pathBytesMax).toBeLessThan(
        limits.frameBytesMax,
      );
    });

    test('an append request may go one value beyond its measure and still fits a frame', () => {
      expect(limits.appendBytesMax + limits.valueBytesMax).toBeLessThan(limits.frameBytesMax);
    });

    test('a follower can be sent more than one append request before it answers', () => {
      expect(limits.inFlightBytesMax).toBeGreaterThan(limits.appendBytesMax);
    });

    test('what a peer may leave unread holds what may be in flight to it', () => {
      expect(limits.unsentPeerBytesMax).toBeGreaterThan(limits.inFlightBytesMax);
    });

    test('a piece of a snapshot leaves room for messages beside it', () => {
      expect(limits.snapshotPieceBytesMax).toBeLessThan(limits.frameBytesMax / 2);
    });

    test('the largest entry fits a WAL segment many times', () => {
      expect(limits.valueBytesMax + limits.pathBytesMax).toBeLessThan(limits.segmentBytes / 8);
    });

    test('what is kept behind a snapshot is less than what calls for the next one', () => {
      expect(limits.logKeptBytes).toBeLessThan(limits.snapshotEveryBytes);
    });
  });

  describe('of time nest', () => {
    const heartbeatMs = limits.heartbeatTicks * limits.tickMs;
    const electionMs = limits.electionTimeoutTicks * limits.tickMs;

    test('a follower misses two heartbeats before it campaigns', () => {
      expect(electionMs).toBeGreaterThan(2 * heartbeatMs);
    });

    test('the jitter after a closed link ends before the next heartbeat would come', () => {
      expect(limits.linkHintTicksMax).toBeLessThan(limits.heartbeatTicks);
    });

    test('a request outlives several elections', () => {
      expect(limits.requestTimeoutMs).toBeGreaterThanOrEqual(4 * electionMs);
    });

    test('nobody is called silent for the length of an election', () => {
      expect(limits.silenceMinMs).toBeGreaterThanOrEqual(2 * electionMs);
      expect(limits.silenceMinMs).toBeGreaterThanOrEqual(10 * heartbeatMs);
    });

    test('slices of work are short beside a heartbeat', () => {
      expect(limits.applySliceMs + limits.snapshotSliceMs).toBeLessThan(heartbeatMs / 4);
    });
  });
});
