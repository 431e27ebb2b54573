// Leaves things out of a plan as long as it still fails in the same way.
import type { Left, Plan } from './plan.ts';

/** Everything of a plan that can be left out. */
export const whole = (plan: Plan): Left => ({
  steps: new Set(plan.steps.keys()),
  errands: new Set(
    plan.guests.flatMap(({ name, errands }) => errands.map((_, i) => `${name}.${i}`)),
  ),
});

type Item =
  | { readonly kind: 'step'; readonly at: number }
  | { readonly kind: 'errand'; readonly at: string };

const itemsOf = ({ steps, errands }: Left): Item[] => [
  ...[...steps].map((at) => ({ kind: 'step' as const, at })),
  ...[...errands].map((at) => ({ kind: 'errand' as const, at })),
];

const leftOf = (items: readonly Item[]): Left => ({
  steps: new Set(items.flatMap((item) => (item.kind === 'step' ? [item.at] : []))),
  errands: new Set(items.flatMap((item) => (item.kind === 'errand' ? [item.at] : []))),
});

/**
 * Delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002):
 * leaves out ever smaller parts while `fails` says that the failure stays, at most `triesMax` times.
 */
export async function shrink(
  plan: Plan,
  fails: (left: Left) => Promise<boolean>,
  triesMax: number,
): Promise<Left> {
  let items = itemsOf(whole(plan));
  let tries = 0;
  let parts = 2;
  while (items.length > 1 && tries < triesMax) {
    const size = Math.ceil(items.length / parts);
    let smaller: Item[] | null = null;
    for (let from = 0; from < items.length && tries < triesMax; from += size) {
      const without = [...items.slice(0, from), ...items.slice(from + size)];
      tries++;
      if (!(await fails(leftOf(without)))) continue;
      smaller = without;
      break;
    }
    if (smaller !== null) {
      items = smaller;
      parts = Math.max(2, parts - 1);
    } else if (size === 1) {
      break;
    } else {
      parts = Math.min(items.length, parts * 2);
    }
  }
  return leftOf(items);
}
