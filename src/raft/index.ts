export { checkLog, checkRaft, checkStep } from './invariants.ts';
export { entryBytes } from './log.ts';
export { Raft } from './raft.ts';
export type {
  Entry,
  EntryPayload,
  Envelope,
  Flow,
  HardState,
  Input,
  MembershipChange,
  Message,
  Notice,
  Output,
  Persist,
  Position,
  Progress,
  ProgressView,
  RaftOptions,
  RaftView,
  ReadResult,
  Receipt,
  RefusalReason,
  Role,
  SnapshotMeta,
  VoteAnswer,
} from './types.ts';
