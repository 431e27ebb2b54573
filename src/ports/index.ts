export type { Clock, Timer } from './clock.ts';
export type { Dial, Socket } from './connection.ts';
export type { Checksum, Disk, DiskFile, DiskLock } from './disk.ts';
export type { Host } from './host.ts';
export type {
  LogStore,
  Recovered,
  SnapshotSink,
  SnapshotSource,
  SnapshotStore,
} from './log-store.ts';
export type { LogFields, Logger } from './logger.ts';
export type { PeerEvents, PeerLinks } from './peer-links.ts';
export type { Random } from './random.ts';
export type { TlsFiles, TlsTexts } from './tls.ts';
export type { Room, Upkeep } from './upkeep.ts';
