import {
  assert,
  type BootNumber,
  bootNumber,
  logIndex,
  type NodeId,
  parseNodeId,
  type Term,
  term,
} from '../base/index.ts';
import type { Checksum, Disk, DiskFile } from '../ports/index.ts';
import type { Position } from '../raft/index.ts';
import { type Damage, lost } from './corrupt.ts';
import { FieldError, FieldReader, FieldWriter, joined } from './fields.ts';
import { names } from './layout.ts';
import { type Form, seal, unseal } from './sealed.ts';

/** What is promised outside the log. */
export type Vows = {
  readonly term: Term;
  readonly votedFor: NodeId | null;
  readonly boot: BootNumber;
  /** Evidence of something promised that this disk cannot show any more; kept until it is overtaken. */
  readonly suspect: Position | null;
};

/**
 * Version 1: generation, node id, term, vote (empty text for none), boot, and after a byte of 1 the
 * index and term that are suspect. Two slots, a page apart.
 */
const form: Form = { magic: 'dzr-vows', version: 1 };
const slotBytes = 4096;

type Slot = { readonly generation: number; readonly vows: Vows };

/**
 * Term, vote and boot in two slots. Both are written and synced, in turn, before any promise made
 * under them leaves: so whatever was promised stands twice, and one rotten slot forgets nothing.
 */
export class HardStateFile {
  readonly #file: DiskFile;
  readonly #checksum: Checksum;
  readonly #nodeId: NodeId;
  #generation: number;
  #vows: Vows;
  /** The slot to write first: never the only good one, or a torn write would lose both. */
  #first: 0 | 1;

  constructor(file: DiskFile, checksum: Checksum, nodeId: NodeId, found: Found) {
    this.#file = file;
    this.#checksum = checksum;
    this.#nodeId = nodeId;
    this.#generation = found.newest.generation;
    this.#vows = found.newest.vows;
    this.#first = found.first;
  }

  get vows(): Vows {
    return this.#vows;
  }

  async save(vows: Vows): Promise<void> {
    assert(vows.term >= this.#vows.term, 'R3: the current term never falls');
    const bytes = encodeSlot(this.#generation + 1, this.#nodeId, vows, this.#checksum);
    for (const slot of [this.#first, 1 - this.#first]) {
      await this.#file.write(slot * slotBytes, [bytes]);
      await this.#file.sync();
    }
    this.#generation++;
    this.#vows = vows;
    this.#first = 0;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

type Found = { readonly newest: Slot; readonly first: 0 | 1 };

/** A new file, not yet durable by name: the caller syncs the folder. */
export async function createHardState(
  disk: Disk,
  checksum: Checksum,
  nodeId: NodeId,
): Promise<void> {
  const file = await disk.open(names.hardState, 'create');
  assert(file !== null, 'a created file is open');
  try {
    const vows: Vows = { term: term(0), votedFor: null, boot: bootNumber(0), suspect: null };
    const slot = encodeSlot(1, nodeId, vows, checksum);
    await file.write(0, [slot, slot]);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** @throws ERR_DISK_CORRUPT when neither slot can be read: what was promised is not known any more. */
export async function openHardState(
  disk: Disk,
  checksum: Checksum,
  nodeId: NodeId,
): Promise<HardStateFile> {
  const file = await disk.open(names.hardState, 'write');
  if (file === null) throw vowsLost('no file');
  try {
    const { a, b } = await readSlots(file, nodeId, checksum);
    return new HardStateFile(file, checksum, nodeId, newestOf(a, b));
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The vows as they stand, and what is wrong with one of their slots. @throws ERR_DISK_CORRUPT */
export async function readVows(
  disk: Disk,
  checksum: Checksum,
  nodeId: NodeId,
): Promise<{ readonly vows: Vows; readonly problem: Damage | null }> {
  const file = await disk.open(names.hardState, 'read');
  if (file === null) throw vowsLost('no file');
  const { a, b } = await readSlots(file, nodeId, checksum).finally(() => file.close());
  const expected = 'the term and vote of this node';
  const problemAt = (offset: number, found: string): Damage => ({
    file: names.hardState,
    offset,
    expected,
    found,
  });
  const problem =
    typeof a === 'string'
      ? problemAt(0, a)
      : typeof b === 'string'
        ? problemAt(slotBytes, b)
        : null;
  return { vows: newestOf(a, b).newest.vows, problem };
}

/** @throws ERR_DISK_CORRUPT when neither can be read. */
async function readSlots(
  file: DiskFile,
  nodeId: NodeId,
  checksum: Checksum,
): Promise<{ readonly a: Slot | string; readonly b: Slot | string }> {
  const bytes = await file.read(0, 2 * slotBytes);
  const a = decodeSlot(bytes.subarray(0, slotBytes), nodeId, checksum);
  const b = decodeSlot(bytes.subarray(slotBytes), nodeId, checksum);
  if (typeof a !== 'string' || typeof b !== 'string') return { a, b };
  throw vowsLost(`${a}; and in the second slot ${b}`);
}

/** Has this file ever been used by a node that started? `null`: it cannot be told. */
export async function bootOf(disk: Disk, checksum: Checksum): Promise<number | null> {
  const file = await disk.open(names.hardState, 'read');
  if (file === null) return 0;
  const bytes = await file.read(0, 2 * slotBytes).finally(() => file.close());
  const slots = [bytes.subarray(0, slotBytes), bytes.subarray(slotBytes)]
    .map((slot) => decodeSlot(slot, null, checksum))
    .filter((slot) => typeof slot !== 'string');
  if (slots.length > 0) return Math.max(...slots.map((slot) => slot.vows.boot));
  return bytes.every((byte) => byte === 0) ? 0 : null;
}

function newestOf(a: Slot | string, b: Slot | string): Found {
  if (typeof a === 'string') {
    assert(typeof b !== 'string', 'one of the slots is good');
    return { newest: b, first: 0 };
  }
  if (typeof b === 'string' || a.generation > b.generation) return { newest: a, first: 1 };
  return { newest: b, first: 0 };
}

const vowsLost = (found: string) =>
  lost(
    { file: names.hardState, offset: 0, expected: 'the term and vote of this node', found },
    'what this node promised is lost',
  );

function encodeSlot(
  generation: number,
  nodeId: NodeId,
  vows: Vows,
  checksum: Checksum,
): Uint8Array {
  const writer = new FieldWriter()
    .whole(generation)
    .text(nodeId)
    .whole(vows.term)
    .text(vows.votedFor ?? '')
    .whole(vows.boot)
    .u8(vows.suspect === null ? 0 : 1);
  if (vows.suspect !== null) writer.whole(vows.suspect.index).whole(vows.suspect.term);
  const sealed = seal(form, writer.finish(), checksum);
  return joined([sealed, new Uint8Array(slotBytes - sealed.length)]);
}

/** The slot, or in words what is wrong with it. */
function decodeSlot(bytes: Uint8Array, nodeId: NodeId | null, checksum: Checksum): Slot | string {
  const sealed = unseal(form, bytes, checksum);
  if (typeof sealed === 'string') return sealed;
  try {
    const reader = new FieldReader(sealed.body);
    const generation = reader.whole();
    const owner = reader.text();
    if (nodeId !== null && owner !== nodeId) return `the state of node ${owner}`;
    const current = term(reader.whole());
    const votedFor = parseNodeId(reader.text());
    const boot = bootNumber(reader.whole());
    const suspect =
      reader.u8() === 0 ? null : { index: logIndex(reader.whole()), term: term(reader.whole()) };
    return { generation, vows: { term: current, votedFor, boot, suspect } };
  } catch (error) {
    if (error instanceof FieldError) return error.message;
    throw error;
  }
}
