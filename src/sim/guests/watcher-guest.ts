import { ClusterError, type Prng } from '../../base/index.ts';
import { type Client, oldestRevision } from '../../client/index.ts';
import type { History, WatchRecord } from '../history.ts';
import type { Process } from '../process.ts';
import { sleep } from './desk.ts';
import { shown, shownWithPrevious } from './library-asks.ts';

export type WatcherParts = {
  readonly name: string;
  readonly history: History;
  readonly client: Client;
  readonly process: Process;
  readonly chance: Prng;
  /** Nothing bad happens any more, and nobody dawdles. */
  readonly isCalm: () => boolean;
};

const globs = ['/**', '/**', '/hot/*', '/hot/**', '/hot/a', '/new/*/*', '/ctl/cal/*'] as const;

/** Watches for ever: pauses, leaves and comes back where it was, and begins anew when it was too slow. */
export async function watchOn(parts: WatcherParts): Promise<void> {
  const { chance, history, client, name } = parts;
  const glob = globs[chance.below(globs.length)] as string;
  let from: number | null = chance.below(2) === 0 ? null : 1;
  for (;;) {
    const record = history.watching(name, glob, from);
    const stop = new AbortController();
    try {
      const previous = chance.below(2) === 0;
      const options = { signal: stop.signal, previous, ...(from !== null && { from }) };
      const show = previous ? shownWithPrevious : shown;
      from = await consume(parts, record, client.watch(glob, options), stop, show);
      history.noted(record, { kind: 'ended' });
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      if (error.code === 'ERR_COMPACTED') {
        const oldest = oldestRevision(error);
        history.noted(record, { kind: 'compacted', oldest });
        from = oldest;
      } else {
        history.noted(record, { kind: 'ended' });
      }
      await sleep(parts.process, 50);
    }
  }
}

async function consume(
  { chance, history, process, isCalm }: WatcherParts,
  record: WatchRecord,
  stream: AsyncIterable<Parameters<typeof shown>[0]>,
  stop: AbortController,
  show: typeof shown,
): Promise<number> {
  let next = record.from ?? 1;
  const leaves = chance.below(3) === 0 ? 1 + chance.below(30) : 1_000_000;
  let count = 0;
  for await (const event of stream) {
    history.noted(record, { kind: 'event', event: show(event), ceiling: history.ceiling });
    next = event.revision + 1;
    if (++count >= leaves) {
      stop.abort();
      break;
    }
    if (chance.below(20) === 0 && !isCalm()) await sleep(process, chance.below(800));
  }
  return next;
}
