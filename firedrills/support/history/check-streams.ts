import type { Faults } from './faults.ts';
import type { Model } from './model.ts';
import type { Change, Stream } from './types.ts';

/** Each watch and follower was told exactly what matches, once, in order, from where it began. */
export function checkStreams(
  faults: Faults,
  model: Model,
  streams: readonly Stream[],
  untilRevision: number,
): void {
  for (const stream of streams) checkStream(faults, model, stream, untilRevision);
}

function checkStream(faults: Faults, model: Model, stream: Stream, untilRevision: number): void {
  const { client, glob, from, end } = stream;
  const label = `${client} of ${glob} from ${from}`;
  const judged = stream.seen.filter(({ revision }) => revision <= model.newest);
  const seen = judged.filter(({ revision }) => revision >= model.oldest);
  faults.unchecked += judged.length - seen.length;
  let last = from - 1;
  for (const change of stream.seen) {
    if (change.revision <= last) {
      faults.found('watch: repeat', `${label}: after ${last} came ${change.revision}`, [change]);
      return;
    }
    last = change.revision;
  }
  const until = end === 'open' ? Math.max(untilRevision, last) : last;
  let i = 0;
  for (const expected of model.matching(glob, from, until)) {
    const told = seen[i];
    if (told !== undefined && same(told, expected)) {
      i++;
      continue;
    }
    if (told?.revision === expected.revision) {
      faults.found('watch: otherwise', label, [expected, told]);
    } else if (told === undefined || told.revision > expected.revision) {
      faults.found('watch: gap', label, [expected, told ?? null]);
    } else faults.found('watch: from nowhere', label, [told]);
    return;
  }
  const extra = seen[i];
  if (extra !== undefined) faults.found('watch: from nowhere', label, [extra]);
}

export const same = (a: Change, b: Change): boolean =>
  a.kind === b.kind && a.path === b.path && a.body === b.body && a.revision === b.revision;
