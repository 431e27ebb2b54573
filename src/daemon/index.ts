export type { FolderReport } from '../wal/index.ts';
export type { AcceptedLoss } from './folder.ts';
export { acceptLoss, checkDataFolder } from './folder.ts';
export type { Daemon, DaemonOptions, DaemonTls } from './options.ts';
export { startDaemon } from './start.ts';
