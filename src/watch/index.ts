export type { HistoryOptions } from './history.ts';
export { History } from './history.ts';
export type { Delivery, Looked, Restart, Waiting, Watching } from './hub.ts';
export { Hub } from './hub.ts';
