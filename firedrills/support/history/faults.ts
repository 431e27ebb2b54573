import type { Violation } from './types.ts';

/** As many of one rule are kept; one cause tends to break a rule many times. */
const keptOfRule = 20;

/** What the checker found. */
export class Faults {
  readonly violations: Violation[] = [];
  /** What could not be judged. */
  unchecked = 0;
  readonly #ofRule = new Map<string, number>();

  found(rule: string, detail: string, concerned: readonly unknown[]): void {
    const count = (this.#ofRule.get(rule) ?? 0) + 1;
    this.#ofRule.set(rule, count);
    if (count <= keptOfRule) this.violations.push({ rule, detail, concerned });
  }
}
