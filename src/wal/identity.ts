import { type Lineage, type NodeId, parseClusterId, parseNodeId } from '../base/index.ts';
import type { Checksum, Disk } from '../ports/index.ts';
import { corrupt } from './corrupt.ts';
import { FieldError, FieldReader, FieldWriter } from './fields.ts';
import { names } from './layout.ts';
import { type Form, readWhole, seal, unseal, writeAside } from './sealed.ts';

/** Who this folder is. The folder is a node's once this is durable, and nobody's before. */
export type Identity = {
  readonly nodeId: NodeId;
  /** `null` until a node that attaches has learnt which cluster it joined. */
  readonly lineage: Lineage | null;
  readonly clusterName: string;
};

/** Version 1: node id, cluster name, and after a byte of 1 cluster id, epoch, epoch id. */
const form: Form = { magic: 'dzr-node', version: 1 };

export function putLineage(writer: FieldWriter, lineage: Lineage | null): void {
  writer.u8(lineage === null ? 0 : 1);
  if (lineage !== null) {
    writer.text(lineage.clusterId).whole(lineage.epoch).text(lineage.epochId);
  }
}

export function lineageOf(reader: FieldReader): Lineage | null {
  if (reader.u8() === 0) return null;
  const clusterId = parseClusterId(reader.text());
  if (clusterId === null) throw new FieldError('a cluster id is not one');
  return { clusterId, epoch: reader.whole(), epochId: reader.text() };
}

export function nodeIdOf(reader: FieldReader): NodeId {
  const id = parseNodeId(reader.text());
  if (id === null) throw new FieldError('a node id is not one');
  return id;
}

export async function readIdentity(disk: Disk, checksum: Checksum): Promise<Identity | null> {
  const bytes = await readWhole(disk, names.identity);
  if (bytes === null) return null;
  const damaged = (found: string) =>
    corrupt({ file: names.identity, offset: 0, expected: 'the identity of this node', found });
  const sealed = unseal(form, bytes, checksum);
  if (typeof sealed === 'string') throw damaged(sealed);
  try {
    const reader = new FieldReader(sealed.body);
    const nodeId = nodeIdOf(reader);
    const clusterName = reader.text();
    return { nodeId, clusterName, lineage: lineageOf(reader) };
  } catch (error) {
    throw error instanceof FieldError ? damaged(error.message) : error;
  }
}

export async function writeIdentity(
  disk: Disk,
  checksum: Checksum,
  identity: Identity,
): Promise<void> {
  const writer = new FieldWriter().text(identity.nodeId).text(identity.clusterName);
  putLineage(writer, identity.lineage);
  await writeAside(disk, names.identity, seal(form, writer.finish(), checksum));
}
