import { nowMs } from './wait.ts';

/** Tells a drill as it happens: one line a step, with what was seen. */
export class Story {
  readonly figures: string[] = [];
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
