import type { Clock } from '../ports/index.ts';

/** The race's outcome: who answered first, or why nobody did, by address. */
export type DialOutcome<T> =
  | { readonly kind: 'won'; readonly address: string; readonly value: T }
  | { readonly kind: 'lost'; readonly failures: ReadonlyMap<string, Error> };

type Parts<T> = {
  readonly clock: Clock;
  /** Ends by itself after a bounded time, either way. */
  readonly attempt: (address: string) => Promise<T>;
  /** Gets what arrived after somebody else had won. */
  readonly discard: (late: T) => void;
  readonly failed: (address: string, error: Error) => void;
};

/**
 * Tries `addresses` in order, the next one as soon as one failed or has said nothing for `headStartMs`,
 * without giving up on those that are slow. So a stopped node, whose sockets are open and which never
 * answers, costs a head start and not a time-out.
 */
export function dialFirst<T>(
  addresses: readonly string[],
  headStartMs: number,
  { attempt, clock, discard, failed }: Parts<T>,
): Promise<DialOutcome<T>> {
  return new Promise((settle) => {
    const failures = new Map<string, Error>();
    let started = 0;
    let over = false;
    const startNext = (): void => {
      const address = addresses[started];
      if (over || address === undefined) return;
      started++;
      const headStart = clock.after(headStartMs, startNext);
      attempt(address).then(
        (value) => {
          headStart.cancel();
          if (over) return discard(value);
          over = true;
          settle({ kind: 'won', address, value });
        },
        (error: Error) => {
          headStart.cancel();
          failures.set(address, error);
          failed(address, error);
          if (over) return;
          if (failures.size === addresses.length) {
            over = true;
            settle({ kind: 'lost', failures });
          } else startNext();
        },
      );
    };
    if (addresses.length === 0) settle({ kind: 'lost', failures });
    else startNext();
  });
}
