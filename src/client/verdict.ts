import type { ClusterError, ErrorCode } from '../base/index.ts';

/**
 * What a request is, as far as repeating it goes.
 *
 * `read`: changes nothing. `repeat`: doing it twice is doing it once. `once`: a write in no session: whether
 * one that was sent took effect is not known when the link goes before the answer, and a guard does not
 * make a repeat safe, since it fails on what the first one did. `session`: a write that is numbered, so
 * that any number of copies takes effect once; `once` in a cluster that knows no sessions.
 */
export type Nature = 'read' | 'repeat' | 'once' | 'session';

/**
 * What comes of a refusal. `tell`: the caller hears it. `again`: the same is sent again after a pause, under
 * the same number. `anew`: under a new number. `elsewhere`: in a new session.
 */
export type Verdict = 'tell' | 'again' | 'anew' | 'elsewhere';

export type Refusal = {
  readonly why: ClusterError;
  /** The log refused it: every copy under its number gets this answer. */
  readonly decided: boolean;
  /** Another copy was sent, and nobody knows what came of it. */
  readonly mayHaveRun: boolean;
};

/** Refusals that may pass, and whose reason the caller should weigh first. */
const tellAtOnce: ReadonlySet<ErrorCode> = new Set(['ERR_MEMBERSHIP_REFUSED']);

/** @param numbered  it has a number in a session. */
export function verdictOn({ why, decided, mayHaveRun }: Refusal, numbered: boolean): Verdict {
  const { code, effect, retry } = why;
  if (tellAtOnce.has(code)) return 'tell';
  const mayPass = retry === 'same' || retry === 'leader';
  if (!numbered) return effect === 'none' && mayPass ? 'again' : 'tell';
  // This copy did nothing, and none ever will: if it was the only one, the write is still to be done.
  if (code === 'ERR_SESSION_LOST') return mayHaveRun ? 'tell' : 'elsewhere';
  if (code === 'ERR_REQUEST_NUMBER') return 'tell';
  if (effect === 'unknown') return 'again';
  // What one node says for itself tells nothing of another copy: that one's answer is still to be had.
  if (!mayPass) return mayHaveRun && !decided ? 'again' : 'tell';
  return decided ? 'anew' : 'again';
}
