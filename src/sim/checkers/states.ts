import {
  AssertionError,
  type Lineage,
  must,
  type NodeId,
  sameLineage,
  sameMembership,
  textOf,
} from '../../base/index.ts';
import { compileGlob } from '../../paths/index.ts';
import { checkTree, digestText, type View } from '../../tree/index.ts';
import { Violation } from '../witness.ts';
import type { Counts } from './counts.ts';
import type { TreeModel } from './model.ts';
import type { NodeLog } from './node-log.ts';

/** States kept to compare others with. Beyond, the oldest half is forgotten. */
const keptMax = 65_536;

type Kept = { readonly view: View; readonly node: string };

/**
 * `lineage`: nobody founds a second cluster. `digest`: equal applied index, equal state (T2). `stateMachine`: what is applied, and the revision with it,
 * never goes back in one life.
 */
export class States {
  readonly #counts: Counts;
  readonly #byIndex = new Map<number, Kept>();
  #lineage: Lineage | null = null;

  constructor(counts: Counts) {
    this.#counts = counts;
  }

  started(node: NodeLog, view: View): void {
    node.applied = view.appliedIndex;
    node.appliedRevision = view.revision;
    this.#compare(node, view);
  }

  applied(node: NodeLog, view: View): void {
    const { appliedIndex, revision } = view;
    if (appliedIndex < node.applied || revision < node.appliedRevision) {
      throw new Violation(
        'stateMachine',
        `${node.id} goes back from index ${node.applied}, revision ${node.appliedRevision} to index ${appliedIndex}, revision ${revision}`,
      );
    }
    node.applied = appliedIndex;
    node.appliedRevision = revision;
    this.#compare(node, view);
  }

  #compare(node: NodeLog, view: View): void {
    node.view = view;
    this.#checkLineage(node, view);
    const kept = this.#byIndex.get(view.appliedIndex);
    if (kept === undefined) {
      this.#byIndex.set(view.appliedIndex, { view, node: node.id });
      if (this.#byIndex.size > keptMax) this.#forget();
      return;
    }
    this.#counts.digests++;
    if (sameState(kept.view, view)) return;
    throw new Violation(
      'digest',
      `at index ${view.appliedIndex} ${node.id} has revision ${view.revision}, ${view.files.size} files, digest ${digestText(view)}; ${kept.node} revision ${kept.view.revision}, ${kept.view.files.size} files, digest ${digestText(kept.view)}`,
    );
  }

  #checkLineage({ id }: NodeLog, { lineage }: View): void {
    if (lineage === null || lineage === this.#lineage) return;
    this.#lineage ??= lineage;
    if (sameLineage(lineage, this.#lineage)) return;
    throw new Violation(
      'lineage',
      `${id} is of cluster ${lineage.clusterId} in epoch ${lineage.epoch}, others of ${this.#lineage.clusterId} in epoch ${this.#lineage.epoch}`,
    );
  }

  #forget(): void {
    let left = keptMax / 2;
    for (const index of this.#byIndex.keys()) {
      if (left-- === 0) return;
      this.#byIndex.delete(index);
    }
  }
}

/** Compares whatever the digest covers, without making one. */
function sameState(a: View, b: View): boolean {
  if (a === b) return true;
  const x = a.filesDigest;
  const y = b.filesDigest;
  return (
    x.a === y.a &&
    x.b === y.b &&
    x.c === y.c &&
    x.d === y.d &&
    a.revision === b.revision &&
    a.appliedTerm === b.appliedTerm &&
    a.clusterTime === b.clusterTime &&
    a.files.size === b.files.size &&
    a.behaviourVersion === b.behaviourVersion &&
    a.lastEvent?.kind === b.lastEvent?.kind &&
    a.lastEvent?.path === b.lastEvent?.path &&
    a.leases.size === b.leases.size &&
    a.lineage?.clusterId === b.lineage?.clusterId &&
    a.lineage?.epoch === b.lineage?.epoch &&
    (a.membership === b.membership || sameMembership(a.membership, b.membership)) &&
    (a.membershipInForce === b.membershipInForce ||
      sameMembership(a.membershipInForce, b.membershipInForce))
  );
}

const everything = must(compileGlob('/**'), 'it matches every path');

/** `model`: what a node holds is what the events make of it. `tree`: it is whole (T1 to T7). */
export function checkView(id: NodeId, view: View, model: TreeModel): void {
  const { revision } = view;
  const files = model.walkAt(everything, revision);
  let at = 0;
  for (const [path, { body, changed }] of view.files.entries()) {
    const event = files[at++];
    if (event?.path === path && event.revision === changed) continue;
    throw new Violation(
      'model',
      `${id} holds ${path} of revision ${changed} ("${textOf(body).slice(0, 60)}") at revision ${revision}; by the events ${event === undefined ? 'there is no more' : `${event.path} of ${event.revision} comes here`}`,
    );
  }
  if (at !== files.length) {
    throw new Violation(
      'model',
      `${id} has no ${files[at]?.path} at revision ${revision}, which the events made`,
    );
  }
  try {
    checkTree(view);
  } catch (error) {
    if (!(error instanceof AssertionError)) throw error;
    throw new Violation('tree', `${id} at revision ${revision}: ${error.message}`);
  }
}
