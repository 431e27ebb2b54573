export { oldestRevision } from './answer-errors.ts';
export { Client } from './client.ts';
export type {
  CallOptions,
  ClientOptions,
  ClientParts,
  Event,
  EventOptions,
  FileContent,
  FileStat,
  Members,
  ReadOptions,
  WalkedFile,
} from './types.ts';
