export {
  ClusterError,
  type Effect,
  type ErrorCode,
  errorCodes,
  type Retry,
} from '../base/index.ts';
export type {
  CallOptions,
  CampaignOptions,
  Client,
  Compare,
  Counted,
  CountOptions,
  Created,
  Decision,
  Event,
  EventOptions,
  FileContent,
  FileStat,
  GrantOptions,
  Leader,
  Leadership,
  Lease,
  LeaseOptions,
  LeaseReport,
  Listing,
  Lock,
  LockOptions,
  Members,
  Operation,
  OperationOf,
  PlaceOptions,
  Reading,
  ReadOptions,
  Relation,
  ResultOf,
  ResultsOf,
  Transaction,
  WalkedFile,
  WatchOptions,
} from '../client/index.ts';
export { count, create, del, get, oldestRevision, put, when } from '../client/index.ts';
export { parseUri } from '../naming/index.ts';
export type { TlsFiles, TlsTexts } from '../ports/index.ts';
export type { ConnectOptions } from './connect.ts';
export { connect } from './connect.ts';
