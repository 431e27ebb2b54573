import { must } from '../../base/index.ts';
import { compileGlob } from '../../paths/index.ts';
import type { GuardedWrite, History } from '../history.ts';
import { Violation } from '../witness.ts';
import type { Counts } from './counts.ts';
import type { TreeModel } from './model.ts';
import { operationText } from './text.ts';

/**
 * `fence`: what took effect under a lock was written by who was first in its queue then, so tokens
 * never fall along the writes of one lock, whenever they were sent: one of a past holder is refused. And a lock
 * that was told as held was held: its file was made at its token.
 */
export function checkTurns(
  { guarded, holds }: History,
  model: TreeModel,
  counts: Pick<Counts, 'turns' | 'turnsFenced' | 'turnsWritten'>,
): void {
  counts.turns += holds.filter(({ path }) => isTurn(path)).length;
  const last = new Map<string, { readonly at: number; readonly token: number }>();
  for (const { at, write } of inOrder(guarded, counts)) {
    const { folder, token, operation } = write;
    const before = last.get(folder);
    if (before !== undefined && before.token > token) {
      throw new Violation(
        'fence',
        `it took effect at ${at} with token ${token}, and one with ${before.token} had at ${before.at}: ${operationText(operation)}`,
      );
    }
    last.set(folder, { at, token });
    const first = firstIn(model, folder, at - 1);
    if (first === token) continue;
    throw new Violation(
      'fence',
      `it took effect at ${at} with token ${token}, and first in ${folder} was ${first ?? 'nobody'}: ${operationText(operation)}`,
    );
  }
}

const isTurn = (path: string): boolean => path.startsWith('/turns/');

/** Those that took effect, in the order of their revisions. */
function inOrder(
  guarded: readonly GuardedWrite[],
  counts: Pick<Counts, 'turnsFenced' | 'turnsWritten'>,
): { readonly at: number; readonly write: GuardedWrite }[] {
  const done: { readonly at: number; readonly write: GuardedWrite }[] = [];
  for (const write of guarded) {
    const { told } = write.operation;
    if (told?.kind !== 'decided') continue;
    if (told.succeeded) {
      counts.turnsWritten++;
      done.push({ at: told.revision, write });
    } else counts.turnsFenced++;
  }
  return done.sort((a, b) => a.at - b.at);
}

/** The token of who was first in the queue after `revision`; `null`: it was empty. */
function firstIn(model: TreeModel, folder: string, revision: number): number | null {
  const glob = must(compileGlob(`${folder}/*`), 'a folder has a glob of its files');
  const [first] = model.walkAt(glob, revision);
  return first === undefined ? null : model.createdAt(first.path, revision);
}
