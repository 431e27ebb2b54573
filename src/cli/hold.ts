import { setTimeout as sleep } from 'node:timers/promises';
import { limits } from '../base/index.ts';
import type { Lease } from '../client/index.ts';
import { type Child, statusOfSignal } from './child.ts';
import { Complaint, status } from './complaint.ts';
import { durationText } from './durations.ts';
import type { EndingSignal } from './signals.ts';
import type { VerbContext } from './verb.ts';

/** What a program runs under: a lock or an office. */
export type Held = {
  readonly path: string;
  readonly token: number;
  readonly lease: Lease;
  readonly lost: AbortSignal;
  readonly isLost: boolean;
};

/** How a program is run under it. */
export type HoldPlan<H extends Held> = {
  /** For messages: `lock "/lock/a"`. */
  readonly name: string;
  readonly command: readonly string[];
  readonly lengthMs: number;
  readonly graceMs: number;
  /** Takes it; the signal ends the waiting. */
  readonly take: (signal: AbortSignal) => Promise<H>;
  readonly letGo: (held: H) => Promise<void>;
  /** What the program finds in its environment. */
  readonly env: (held: H) => Readonly<Record<string, string>>;
};

const lengthMsByDefault = 15_000;
/** How long the end of a program waits for the cluster to hear that it is over; else the lease tells it. */
const releaseMs = 2000;

/** `-length` and `-grace`, or what stands for them. */
export function timesOf({ graceMs, lengthMs }: VerbContext): { lengthMs: number; graceMs: number } {
  const length = Math.ceil(lengthMs ?? lengthMsByDefault);
  const { leaseLengthMsMax: max, leaseLengthMsMin: min } = limits;
  if (length < min || length > max) {
    throw new Complaint(
      `Error: -length ${durationText(length)}: must be from ${durationText(min)} to ${durationText(max)}`,
    );
  }
  const grace = Math.ceil(graceMs ?? length / 3);
  if (grace < 0 || grace >= length) {
    throw new Complaint(
      `Error: -grace ${durationText(grace)}: must be less than -length, ${durationText(length)}`,
    );
  }
  return { lengthMs: length, graceMs: grace };
}

/** Waits, runs the program, lets go. Resolves with the exit status; signals are the program's meanwhile. */
export async function runUnder<H extends Held>(
  context: VerbContext,
  plan: HoldPlan<H>,
): Promise<number> {
  const { terminal } = context;
  const waiting = new AbortController();
  let signalled: EndingSignal | null = null;
  let child: Child | null = null;
  const untake = terminal.takeSignals((signal) => {
    signalled = signal;
    if (child === null) waiting.abort();
    else child.signal(signal);
  });
  try {
    const held = await taken(context, plan, waiting.signal);
    try {
      if (waiting.signal.aborted) throw waiting.signal.reason;
      child = await terminal.start(plan.command, plan.env(held));
      if (signalled !== null) child.signal(signalled);
      return await untilEnd(context, plan, held, child);
    } finally {
      await letGo(context, plan, held);
    }
  } catch (error) {
    if (signalled !== null && child === null) return statusOfSignal(signalled);
    throw error;
  } finally {
    untake();
  }
}

/** Takes it, within `-t`. */
async function taken<H extends Held>(
  { timeoutMs }: VerbContext,
  { name, take }: HoldPlan<H>,
  signal: AbortSignal,
): Promise<H> {
  if (timeoutMs === 0) return take(signal);
  const deadline = AbortSignal.timeout(Math.min(Math.ceil(timeoutMs), 2 ** 31 - 1));
  try {
    return await take(AbortSignal.any([signal, deadline]));
  } catch (error) {
    if (!deadline.aborted) throw error;
    throw new Complaint(
      `Error: ${name} timeout: others had it for all of ${durationText(timeoutMs)}`,
    );
  }
}

/**
 * The program's exit status. When less than the grace is certain of the lease, or the lock is lost, the program
 * is asked to end (SIGTERM), and ended when the grace is over (SIGKILL): it is gone when the lease is.
 */
async function untilEnd<H extends Held>(
  { note }: VerbContext,
  { command: [program = ''], graceMs, name }: HoldPlan<H>,
  held: H,
  child: Child,
): Promise<number> {
  const over = new AbortController();
  const ended = child.ended.finally(() => over.abort());
  const end = await Promise.race([ended, inDanger(held, graceMs, over.signal)]);
  if (end !== null) return end;
  const leftMs = held.isLost ? graceMs : Math.min(graceMs, held.lease.leftMs());
  const why = held.isLost
    ? `is lost: ${reasonOf(held)}`
    : `ends in ${durationText(Math.round(leftMs))}, since the cluster does not answer`;
  note(`doozer: ${name} ${why}; ending "${program}"`);
  child.signal('SIGTERM');
  // What stands still would not hear it.
  child.signal('SIGCONT');
  await Promise.race([ended, sleep(leftMs, null, { signal: over.signal }).catch(() => null)]);
  child.signal('SIGKILL');
  await ended;
  return status.lost;
}

const reasonOf = ({ lost }: Held): string =>
  lost.reason instanceof Error ? lost.reason.message : 'it was let go';

/** Resolves with `null` when it is lost, or when less than `graceMs` is certain; or never, once it is over. */
async function inDanger(held: Held, graceMs: number, over: AbortSignal): Promise<null> {
  const signal = AbortSignal.any([held.lost, over]);
  while (!held.isLost && held.lease.leftMs() > graceMs) {
    const spareMs = Math.ceil(held.lease.leftMs() - graceMs);
    await sleep(spareMs, null, { signal }).catch(() => null);
    if (over.aborted) return new Promise(() => undefined);
  }
  return null;
}

/** Tells the cluster, which need not hear it: it is over with the lease at the latest. */
async function letGo<H extends Held>(
  { note }: VerbContext,
  { letGo: release, lengthMs, name }: HoldPlan<H>,
  held: H,
): Promise<void> {
  const done = new AbortController();
  const late = sleep(releaseMs, null, { signal: done.signal }).then(
    () => 'no answer',
    () => null,
  );
  const released = release(held).then(
    () => null,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  const why = await Promise.race([released, late]);
  done.abort();
  if (why === null) return;
  note(`doozer: ${name} could not be let go (${why}); it ends within ${durationText(lengthMs)}`);
}
