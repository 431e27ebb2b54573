import type { Clock } from '../ports/index.ts';
import { type NativeRequest, versionFor } from '../protocol/client/index.ts';
import type { Exchange } from './exchange.ts';
import type { Link } from './link.ts';

/** How long a client that closes waits for the cluster to take back what it was given. */
const farewellMs = 500;

export type FarewellRequest = (tag: number) => NativeRequest;

/** Resolves when all are answered, the link is lost, or the time is up. Whatever is said, it is over. */
export function sayFarewell(
  link: Link,
  requests: readonly FarewellRequest[],
  clock: Clock,
): Promise<void> {
  return new Promise((resolve) => {
    let open = requests.length;
    const timer = clock.after(farewellMs, () => resolve());
    const over = (): void => {
      open -= 1;
      if (open > 0) return;
      timer.cancel();
      resolve();
    };
    for (const request of requests) {
      const exchange: Exchange = {
        prompt: true,
        size: 0,
        request: (tag, { version }) => {
          const said = request(tag);
          if (versionFor(said) <= version) return said;
          over();
          return null;
        },
        reply: () => {
          over();
          return 'done';
        },
        lost: over,
        refused: over,
      };
      link.send(exchange);
    }
  });
}
