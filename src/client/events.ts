import type { Prng } from '../base/index.ts';
import type { Clock } from '../ports/index.ts';
import { aText, aWhole } from './arguments.ts';
import { type Caller, isKind } from './caller.ts';
import type { Keeper } from './keeper.ts';
import { withOwnBodies } from './own-bytes.ts';
import type { SessionDesk } from './session-desk.ts';
import type { CallOptions, Event, EventOptions, WatchOptions } from './types.ts';
import { Watch } from './watch.ts';

type EventsParts = {
  readonly keeper: Keeper;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly desk: SessionDesk;
};

/** Revisions as they come. */
export class Events {
  readonly #caller: Caller;
  readonly #parts: EventsParts;

  constructor(caller: Caller, parts: EventsParts) {
    this.#caller = caller;
    this.#parts = parts;
  }

  async rev(options: CallOptions): Promise<number> {
    const reply = await this.#caller.call('read', {
      action: 'Cannot ask for the revision',
      options,
      request: (tag) => ({ kind: 'rev', tag }),
      read: isKind('revision'),
    });
    return this.#caller.floor.raise(reply.revision);
  }

  async wait(glob: string, from: number, options: EventOptions): Promise<Event> {
    const rev = aWhole(from, 'from');
    const { event } = await this.#caller.start(
      {
        action: `Cannot wait for ${aText(glob, 'glob')}`,
        nature: 'read',
        timeoutMs: null,
        size: 0,
        request: (tag) => ({ kind: 'wait', tag, glob, rev }),
        read: isKind('event'),
      },
      options,
    );
    this.#caller.floor.seen(event.revision);
    return withOwnBodies(event);
  }

  watch(glob: string, options: WatchOptions): Watch {
    aText(glob, 'glob');
    const { from, previous = false, signal } = options;
    return new Watch(this.#parts, {
      glob,
      previous,
      from: from === undefined ? null : Math.max(1, aWhole(from, 'from')),
      now: () => this.#now(options),
      signal: signal ?? null,
      seen: (revision) => this.#caller.floor.seen(revision),
    }).start();
  }

  /**
   * The present revision. Writes that this client is asked for meanwhile are held back: sent together with
   * the question they could be in the answer, and whoever watches from the next one on would miss them.
   */
  async #now({ signal }: EventOptions): Promise<number> {
    const { desk } = this.#parts;
    desk.hold();
    try {
      return await this.rev(signal === undefined ? {} : { signal });
    } finally {
      desk.release();
    }
  }
}
