export { oldestRevision } from './answer-errors.ts';
export type { Members } from './client.ts';
export { Client } from './client.ts';
export type {
  CallOptions,
  ClientOptions,
  ClientParts,
  Event,
  EventOptions,
  FileContent,
  FileStat,
  ReadOptions,
  WalkedFile,
} from './types.ts';
