// Where things stand in a data folder. docs/wal-format.md tells the story and shows the bytes.

/** Files and folders, relative to the data folder. */
export const names = {
  lock: 'lock',
  identity: 'node',
  hardState: 'state',
  log: 'log',
  snapshots: 'snapshots',
  /** Copies of segments in which something was rotten, for people. */
  damaged: 'damaged',
  rejoin: 'rejoin',
  /** Former contents of this folder, numbered. */
  aside: 'aside',
  /** Room kept for a disk that is full. */
  reserve: 'reserve',
} as const;

const padded = (n: number, digits: number): string => String(n).padStart(digits, '0');

export const segmentPath = (number: number): string => `${names.log}/${padded(number, 8)}.seg`;

/** The number in a segment's file name, or `null` for any other file. */
export function segmentNumber(name: string): number | null {
  const [, digits] = /^(\d{8,16})\.seg$/.exec(name) ?? [];
  return digits === undefined ? null : Number(digits);
}

/** The next segment, zero-filled and durable, without a number yet; and while it is being filled. */
export const preparedPath = `${names.log}/prepared`;
export const preparingPath = `${names.log}/prepared.part`;

export const snapshotPath = (index: number, term: number): string =>
  `${names.snapshots}/${padded(index, 16)}-${padded(term, 16)}.snap`;
export const isSnapshotName = (name: string): boolean => /^\d{16}-\d{16}\.snap$/.test(name);
/** A state that a majority condemned, for people. */
export const evidencePath = (index: number, term: number): string =>
  `${names.damaged}/state-${padded(index, 16)}-${padded(term, 16)}.snap`;
export const isEvidenceName = (name: string): boolean => name.startsWith('state-');
export const snapshotPartPath = `${names.snapshots}/next.part`;

/** A segment: two copies of its header, a ring with a slot for each of the last syncs, records. */
export const headerCopyAt = [0, 2048] as const;
export const headerBytes = 4096;
/** In the header's last sector: that a next segment was begun. */
export const sealAt = 3584;
export const sealBytes = 512;
export const ringSlots = 16;
/** A slot has a sector of its own, so that writing one cannot tear another. */
export const ringSlotBytes = 512;
export const ringSlotAt = (sync: number): number =>
  headerBytes + (sync % ringSlots) * ringSlotBytes;
export const recordsFrom = headerBytes + ringSlots * ringSlotBytes;

/** The least a segment may be: room for some records behind header and ring. */
export const segmentBytesMin = recordsFrom + 4096;
