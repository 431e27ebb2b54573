export type { Applied } from './apply.ts';
export { apply } from './apply.ts';
export type { ChildAt } from './cursors.ts';
export { Cursors, childAt, matchAt } from './cursors.ts';
export { describeEvent, describeReply } from './describe.ts';
export { checkTree, checkTreeStep } from './invariants.ts';
export { digestText, encodeSnapshot } from './snapshot.ts';
export type { SnapshotDecoder } from './snapshot-decoder.ts';
export { snapshotDecoder } from './snapshot-decoder.ts';
export type { TreeState, View } from './state.ts';
export { emptyTree } from './state.ts';
export type {
  Change,
  Command,
  CommandEnvelope,
  Event,
  File,
  GuardRevision,
  Origin,
  Reply,
  TreeLimits,
} from './types.ts';
export type { Found, Stat } from './views.ts';
export { children, fileAt, isDirectory, stat, walk } from './views.ts';
