// What a leader knows of one follower, and how that changes. Pure bookkeeping: nothing is sent here.
import type { BootNumber, LogIndex } from '../base/index.ts';
import { assert, logIndex, nextIndex, noIndex } from '../base/index.ts';
import type { Progress } from './types.ts';

const noBoot = 0 as BootNumber;

/** A follower nobody has heard yet: its log is taken to end where the leader's does. */
export const newProgress = (lastIndex: LogIndex): Progress => ({
  matched: noIndex,
  next: nextIndex(lastIndex),
  boot: noBoot,
  ticksQuiet: 0,
  active: false,
  commitSent: noIndex,
  nudge: false,
  roundAcked: 0,
  roundTarget: noIndex,
  roundDone: false,
  leaving: null,
  flow: { mode: 'probe', paused: false },
});

/**
 * Notes a reply of a follower that runs as `boot`.
 *
 * A newer boot than the one `matched` was learnt from may have lost it, so everything is learnt
 * anew. The first one ever heard changes nothing: nothing is known yet.
 *
 * @returns whether the reply counts. What an older boot promised may be gone.
 */
export function hear(p: Progress, boot: BootNumber, commitIndex: LogIndex): boolean {
  if (boot < p.boot) return false;
  if (boot > p.boot) {
    if (p.boot !== noBoot) forget(p);
    p.boot = boot;
  }
  p.ticksQuiet = 0;
  if (!p.active) {
    p.active = true;
    p.roundTarget = commitIndex;
    p.roundDone = false;
  }
  return true;
}

function forget(p: Progress): void {
  // The best guess where to begin is still where the last boot was.
  p.next = nextIndex(p.matched);
  p.matched = noIndex;
  p.commitSent = noIndex;
  p.nudge = false;
  p.roundAcked = 0;
  p.active = false;
  p.flow = { mode: 'probe', paused: false };
}

/** The follower promises to hold everything through `matched`. */
export function acknowledge(p: Progress, matched: LogIndex, firstIndex: LogIndex): void {
  const news = matched > p.matched;
  if (news) p.matched = matched;
  if (p.next <= p.matched) p.next = nextIndex(p.matched);
  switch (p.flow.mode) {
    case 'probe':
      // A reply that is neither news nor about the probe says nothing about where to go on.
      if (news || matched === p.next - 1) toReplicate(p);
      break;
    case 'replicate': {
      const flow = p.flow;
      let freed = 0;
      for (const sent of flow.inFlight) {
        if (sent.last > p.matched) break;
        freed++;
        flow.inFlightBytes -= sent.bytes;
      }
      if (freed > 0) flow.inFlight.splice(0, freed);
      break;
    }
    case 'snapshot':
      // The log reaching back to the follower again is as good as the snapshot's arrival.
      if (p.matched >= p.flow.pending || p.matched + 1 >= firstIndex) toReplicate(p);
      break;
  }
}

/** Ends a round of catching up once its target is held, and begins the next (thesis 4.2.1). */
export function finishRound(p: Progress, commitIndex: LogIndex): void {
  if (!p.active || p.matched < p.roundTarget) return;
  p.roundDone = true;
  p.roundTarget = commitIndex;
}

/**
 * The follower does not hold `previous`; the logs may agree at `agreeing`.
 *
 * @returns whether that was news: an old refusal says nothing.
 */
export function refuse(p: Progress, previous: LogIndex, agreeing: LogIndex): boolean {
  switch (p.flow.mode) {
    case 'probe':
      if (p.next - 1 !== previous) return false;
      break;
    case 'replicate':
      if (previous <= p.matched) return false;
      break;
    case 'snapshot':
      return false;
  }
  const next = Math.max(p.matched + 1, Math.min(previous, agreeing + 1), 1);
  toProbe(p, logIndex(next), false);
  return true;
}

export function toProbe(p: Progress, next: LogIndex, paused: boolean): void {
  assert(p.matched < next, 'R9: 0 <= matched < next');
  p.next = next;
  p.flow = { mode: 'probe', paused };
}

function toReplicate(p: Progress): void {
  p.next = nextIndex(p.matched);
  p.flow = { mode: 'replicate', inFlight: [], inFlightBytes: 0 };
}

/** The log no longer reaches back to it: only the snapshot at `pending` helps. */
export function toSnapshot(p: Progress, pending: LogIndex, commitIndex: LogIndex): void {
  p.roundDone = false;
  p.roundTarget = commitIndex;
  p.flow = { mode: 'snapshot', pending, ticksDelivered: null };
}

/** Heard within an election timeout, streaming, and past a round that began after it was heard. */
export function isCaughtUp(p: Progress, electionTimeoutTicks: number): boolean {
  return isHeard(p, electionTimeoutTicks) && p.flow.mode === 'replicate' && p.roundDone;
}

export const isHeard = (p: Progress, electionTimeoutTicks: number): boolean =>
  p.active && p.ticksQuiet < electionTimeoutTicks;
