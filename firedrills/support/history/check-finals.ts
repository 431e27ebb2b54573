import { same } from './check-streams.ts';
import type { Faults } from './faults.ts';
import { Model } from './model.ts';
import type { FinalState } from './types.ts';

/** The one that remembers most: what the others are compared with. */
export function reference(finals: readonly FinalState[]): FinalState {
  const [first, ...others] = finals;
  if (first === undefined) throw new Error('no node told its history');
  return others.reduce((best, one) => (one.oldest < best.oldest ? one : best), first);
}

/** Each node's history has one change for each revision, and all nodes tell the same. */
export function checkFinals(faults: Faults, finals: readonly FinalState[]): void {
  const best = reference(finals);
  for (const final of finals) {
    const { node, oldest, newest, changes } = final;
    const hole = changes.findIndex(({ revision }, i) => revision !== oldest + i);
    if (hole >= 0 || changes.length !== newest - oldest + 1) {
      const where = hole >= 0 ? changes[hole] : changes.at(-1);
      faults.found('history: gap', `${node}: ${oldest} to ${newest}`, [where]);
      continue;
    }
    const differs = changes.find((change) => {
      const other = best.changes[change.revision - best.oldest];
      return other === undefined ? final !== best : !same(change, other);
    });
    if (differs !== undefined) {
      faults.found('nodes disagree', `${node} and ${best.node} about ${differs.revision}`, [
        differs,
        best.changes[differs.revision - best.oldest],
      ]);
    }
    checkFiles(faults, final);
  }
}

/** The files of the end are what the history leads to. */
function checkFiles(faults: Faults, final: FinalState): void {
  const model = new Model(final);
  const files = new Map(final.files.map((file) => [file.path, file]));
  for (const path of model.paths) {
    const version = model.at(path, final.newest);
    const file = files.get(path);
    if (
      version === null ||
      (version.revision === (file?.revision ?? 0) && version.body === (file?.body ?? ''))
    )
      continue;
    faults.found('files and history', `${final.node}: ${path} at ${final.newest}`, [file, version]);
  }
  for (const file of final.files) {
    if (model.at(file.path, final.newest)?.revision !== 0) continue;
    faults.found('files and history', `${final.node}: ${file.path} was never written`, [file]);
  }
}
