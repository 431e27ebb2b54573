export {
  ClusterError,
  type Effect,
  type ErrorCode,
  errorCodes,
  type Retry,
} from '../base/index.ts';
export type {
  CallOptions,
  Client,
  Event,
  EventOptions,
  FileContent,
  FileStat,
  Members,
  ReadOptions,
  WalkedFile,
} from '../client/index.ts';
export { oldestRevision } from '../client/index.ts';
export { parseUri } from '../naming/index.ts';
export type { ConnectOptions } from './connect.ts';
export { connect } from './connect.ts';
