export type { NodeCounts } from './counts.ts';
export { Node } from './node.ts';
export type { NodeEvents, NodeOptions, NodeParts, Timing } from './options.ts';
export { usualTiming } from './options.ts';
export type {
  Cancel,
  EventWatcher,
  LeaseWaiter,
  NodeHandle,
  NodeLife,
  NodeStatus,
  PastEvent,
  PeerStatus,
  ProposalWaiter,
  ViewWaiter,
} from './types.ts';
