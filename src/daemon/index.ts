export type { Daemon, DaemonOptions } from './options.ts';
export { startDaemon } from './start.ts';
