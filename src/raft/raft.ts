// The core behind its door: one state, stepped by one driver.
import { assert } from '../base/index.ts';
import { describeState } from './describe.ts';
import type { StepMark } from './invariants.ts';
import { checkLog, checkRaft, checkStep, markOf, remark } from './invariants.ts';
import { collect } from './output.ts';
import { isCaughtUp } from './progress.ts';
import { askLeader, beginRound } from './reads.ts';
import { sendAppends, sendHeartbeats } from './replication.ts';
import { drawElectionTimeout } from './roles.ts';
import type { RaftState } from './state.ts';
import {
  effective,
  isChangePending,
  isEstablished,
  isSoleVoter,
  leaderOf,
  newState,
} from './state.ts';
import { step } from './step.ts';
import type { Input, Output, ProgressView, RaftOptions, RaftView } from './types.ts';

/**
 * The deterministic consensus core: inputs in, wishes out. It never waits, and knows neither clock
 * nor disk nor chance but the generator it was given.
 *
 * A turn: `step` everything that waits, `take` once, send `sendNow`, save `persist`, step
 * `persisted` with its `through` before anything else, send `sendAfterPersist`, apply `committed`.
 * Again while `take` gives something.
 */
export class Raft {
  readonly #state: RaftState;
  readonly #mark: StepMark;

  constructor(options: RaftOptions) {
    checkOptions(options);
    this.#state = newState(options);
    // A sole voter disturbs nobody: it campaigns at its first tick.
    if (!isSoleVoter(this.#state)) drawElectionTimeout(this.#state);
    this.#mark = markOf(this.#state);
    checkRaft(this.#state);
  }

  /** Takes one input in. What follows from it is collected for the next `take`. */
  step(input: Input): void {
    remark(this.#mark, this.#state);
    step(this.#state, input);
    checkStep(this.#mark, this.#state);
  }

  /**
   * Everything the steps since the last call ask of the world, or `null` when that is nothing.
   *
   * Appends, heartbeats and read rounds are built here, so a turn's proposals leave as one batch. At
   * most 4,096 committed entries are given at once; ask again for the rest. Not to be called between
   * a `persist` and its `persisted`.
   */
  take(): Output | null {
    const state = this.#state;
    if (state.role.kind === 'leader') {
      const hasRound = beginRound(state, state.role);
      if (hasRound || state.heartbeatDue) sendHeartbeats(state, state.role);
      sendAppends(state, state.role);
    } else {
      askLeader(state);
    }
    const output = collect(state);
    checkRaft(state);
    return output;
  }

  /** What others may know. A new object each time; nothing in it changes later. */
  view(): RaftView {
    const state = this.#state;
    const { at, membership } = effective(state);
    return {
      role: state.role.kind,
      term: state.term,
      leader: leaderOf(state),
      commitIndex: state.commitIndex,
      last: state.log.last,
      firstIndex: state.log.firstIndex,
      membership,
      membershipAt: at,
      changePending: isChangePending(state),
      established: isEstablished(state),
      transferring: state.transfer !== null,
      suspect: state.suspect,
      progress: progressViews(state),
    };
  }

  /** The state in a few lines, for people. */
  describe(): string {
    return describeState(this.#state);
  }

  /** Asserts every invariant, also those that take a look at every entry. */
  check(): void {
    checkRaft(this.#state);
    checkLog(this.#state);
  }
}

function progressViews(state: RaftState): readonly ProgressView[] {
  if (state.role.kind !== 'leader') return [];
  const views: ProgressView[] = [];
  for (const [id, progress] of state.role.progress) {
    if (progress.leaving !== null) continue;
    views.push({
      id,
      mode: progress.flow.mode,
      matched: progress.matched,
      ticksQuiet: progress.ticksQuiet,
      caughtUp: isCaughtUp(progress, state.options.electionTimeoutTicks),
    });
  }
  return views;
}

function checkOptions(options: RaftOptions): void {
  const { heartbeatTicks, electionTimeoutTicks, linkHintTicksMin, linkHintTicksMax } = options;
  assert(heartbeatTicks >= 1, 'a heartbeat takes a tick');
  assert(heartbeatTicks * 2 < electionTimeoutTicks, 'two heartbeats fit an election timeout');
  assert(linkHintTicksMin >= 1, 'a hint takes a tick');
  assert(linkHintTicksMax >= linkHintTicksMin, 'jitter is drawn from a range');
  assert(options.appendEntriesMax >= 1, 'an append carries an entry');
  assert(options.inFlightMessagesMax >= 1, 'one message may be in flight');
}
