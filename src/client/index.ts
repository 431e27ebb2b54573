export { oldestRevision } from './answer-errors.ts';
export { Client } from './client.ts';
export type { CampaignOptions, Leader, Leadership } from './election.ts';
export type { Lease, LeaseOptions } from './lease.ts';
export type { Lock, LockOptions } from './lock.ts';
export type { Joiner } from './nodes.ts';
export type { Listing } from './pages.ts';
export type { PlaceOptions } from './place.ts';
export type {
  Compare,
  Decision,
  Operation,
  OperationOf,
  Relation,
  ResultOf,
  ResultsOf,
  Transaction,
} from './transaction.ts';
export { count, create, del, get, put, when } from './transaction.ts';
export type {
  CallOptions,
  ClientOptions,
  ClientParts,
  Counted,
  CountOptions,
  Created,
  Event,
  EventOptions,
  FileContent,
  FileStat,
  GrantOptions,
  Health,
  LeaseReport,
  Members,
  Reading,
  ReadOptions,
  WalkedFile,
  WatchOptions,
} from './types.ts';
