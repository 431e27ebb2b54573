import { nowMs } from './wait.ts';

/** What the table at the end says of a drill. */
export type Row = {
  readonly drill: string;
  readonly operations: number;
  readonly faults: number;
  readonly unknown: number;
  readonly violations: number;
  readonly longestSilenceMs: number;
};

/** Tells a drill as it happens: one line a step, with what was seen. */
export class Story {
  readonly figures: string[] = [];
  /** Of drills with a checked history. */
  row: Row | null = null;
  /** `null`: this drill leaves nothing to chance. */
  seed: number | null = null;
  #startMs = nowMs();

  tell(text: string): void {
    const seconds = ((nowMs() - this.#startMs) / 1000).toFixed(1).padStart(6);
    process.stdout.write(`${seconds} s  ${text}\n`);
  }

  /** A figure worth keeping; printed again at the end. */
  figure(text: string): void {
    this.figures.push(text);
    this.tell(`figure: ${text}`);
  }
}
