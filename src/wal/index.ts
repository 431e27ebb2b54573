export type { FolderReport, Problem, Verdict } from './check.ts';
export { checkFolder } from './check.ts';
export { isLost } from './corrupt.ts';
export type { Identity } from './identity.ts';
export type { MemoryLog } from './memory-log.ts';
export { memoryLog } from './memory-log.ts';
export type { RejoinNote } from './rejoin.ts';
export type { WalOptions, WalParts } from './wal.ts';
export { openWal, Wal, walDefaults } from './wal.ts';
