export { ClusterError, type ErrorCode, errorCodes } from '../base/index.ts';
export type {
  CallOptions,
  Event,
  EventOptions,
  FileContent,
  FileStat,
  Members,
  ReadOptions,
  WalkedFile,
} from '../client/index.ts';
export { Client, oldestRevision } from '../client/index.ts';
export { parseUri } from '../naming/index.ts';
export type { ConnectOptions } from './connect.ts';
export { connect } from './connect.ts';
