export type { Applied } from './apply.ts';
export { apply } from './apply.ts';
export type { ChildAt } from './cursors.ts';
export { Cursors, childAt, matchAt } from './cursors.ts';
export { describeEvent, describeReply } from './describe.ts';
export { checkTree, checkTreeStep } from './invariants.ts';
export type { Lease, SavedReply, Session } from './lease.ts';
export { leaseKey } from './lease.ts';
export { digestText, encodeSnapshot } from './snapshot.ts';
export type { SnapshotDecoder } from './snapshot-decoder.ts';
export { snapshotDecoder } from './snapshot-decoder.ts';
export type { TreeState, View } from './state.ts';
export { emptyTree, usualLimits } from './state.ts';
export type {
  Change,
  Command,
  CommandEnvelope,
  Compare,
  Event,
  File,
  GuardRevision,
  InSession,
  Operation,
  OperationResult,
  Origin,
  Relation,
  Reply,
  TreeLimits,
  Write,
} from './types.ts';
export { laterLimits, sessionsVersion } from './types.ts';
export type { Found, Stat } from './views.ts';
export { children, fileAt, isDirectory, stat, walk } from './views.ts';
