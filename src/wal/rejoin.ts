import { assert, type Lineage, type NodeId } from '../base/index.ts';
import type { Checksum, Disk } from '../ports/index.ts';
import { corrupt } from './corrupt.ts';
import { FieldError, FieldReader, FieldWriter } from './fields.ts';
import { lineageOf, nodeIdOf, putLineage } from './identity.ts';
import { names } from './layout.ts';
import { type Form, readWhole, seal, unseal, writeAside } from './sealed.ts';

/**
 * What a removed node leaves itself before it sets its data aside. While the note is there the folder
 * may only attach to this cluster, under this new id: it can never boot a cluster of its own.
 */
export type RejoinNote = {
  readonly lineage: Lineage;
  readonly clusterName: string;
  /** Where members were last heard, host:port. */
  readonly addresses: readonly string[];
  /** The id to come back under. */
  readonly nodeId: NodeId;
};

/** Version 1: lineage, cluster name, new node id, count of addresses and each. */
const form: Form = { magic: 'dzr-rejn', version: 1 };

export async function readRejoinNote(disk: Disk, checksum: Checksum): Promise<RejoinNote | null> {
  const bytes = await readWhole(disk, names.rejoin);
  if (bytes === null) return null;
  const damaged = (found: string) =>
    corrupt(
      { file: names.rejoin, offset: 0, expected: 'the note of a removed node', found },
      'move the whole data folder away and attach a new node',
    );
  const sealed = unseal(form, bytes, checksum);
  if (typeof sealed === 'string') throw damaged(sealed);
  try {
    const reader = new FieldReader(sealed.body);
    const lineage = lineageOf(reader);
    if (lineage === null) throw new FieldError('no cluster is named');
    const clusterName = reader.text();
    const nodeId = nodeIdOf(reader);
    const addresses = Array.from({ length: reader.u8() }, () => reader.text());
    return { lineage, clusterName, addresses, nodeId };
  } catch (error) {
    throw error instanceof FieldError ? damaged(error.message) : error;
  }
}

export async function writeRejoinNote(
  disk: Disk,
  checksum: Checksum,
  note: RejoinNote,
): Promise<void> {
  assert(note.addresses.length < 256, 'a note holds at most 255 addresses');
  const writer = new FieldWriter();
  putLineage(writer, note.lineage);
  writer.text(note.clusterName).text(note.nodeId).u8(note.addresses.length);
  for (const address of note.addresses) writer.text(address);
  await writeAside(disk, names.rejoin, seal(form, writer.finish(), checksum));
}

export async function clearRejoinNote(disk: Disk): Promise<void> {
  await disk.remove(names.rejoin);
  await disk.syncFolder('');
}

/** The identity moves last: while it is in place the folder has not been set aside. */
const moved = [names.log, names.snapshots, names.damaged, names.hardState, names.identity];

/**
 * Moves everything but lock and note to `aside/<n>`, durably. Crashed on the way, it goes on where it
 * was when called again; with nothing left to move it does nothing.
 */
export async function setAside(disk: Disk): Promise<void> {
  const there: string[] = [];
  for (const name of moved) if (await disk.exists(name)) there.push(name);
  if (there.length === 0) return;
  const target = `${names.aside}/${await nextAside(disk)}`;
  await disk.makeFolder(target);
  for (const name of there) {
    await disk.rename(name, `${target}/${name}`);
    await disk.syncFolder(target);
    await disk.syncFolder('');
  }
}

/** An unfinished one (without identity) is gone on with. */
async function nextAside(disk: Disk): Promise<number> {
  const newest = (await disk.list(names.aside))
    .map(Number)
    .filter(Number.isSafeInteger)
    .reduce((most, n) => Math.max(most, n), 0);
  if (newest === 0) return 1;
  return (await disk.exists(`${names.aside}/${newest}/${names.identity}`)) ? newest + 1 : newest;
}
