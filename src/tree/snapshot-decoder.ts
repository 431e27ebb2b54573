import {
  ClusterError,
  clusterTime,
  type Lineage,
  leaseId,
  logIndex,
  type Membership,
  type NodeId,
  noBytes,
  parseClusterId,
  parseNodeId,
  type Revision,
  revision,
  sameBytes,
  sessionId,
  term,
} from '../base/index.ts';
import { comparePaths, type Path, parsePath } from '../paths/index.ts';
import { ByteReader } from './bytes.ts';
import { DigestSum, noDigest } from './digest.ts';
import { withName } from './draft.ts';
import { canHoldFile } from './places.ts';
import { bytesOfDigest, digestOf, eventKinds, snapshotVersion } from './snapshot.ts';
import { emptyTree, type Kept, type TreeState } from './state.ts';
import type { Event, File } from './types.ts';

/** A length beyond this is taken for damage. */
const recordBytesMax = 64 * 1024 * 1024;
const digestBytes = 16;

/** What the header says, and how many records of each kind follow it. */
type Header = {
  readonly state: Omit<TreeState, 'files' | 'directories' | 'filesDigest'>;
  readonly lastEvent: { readonly kind: Event['kind']; readonly path: Path } | null;
  readonly sessions: number;
  readonly leases: number;
  readonly files: number;
};

/** Reads a snapshot from pieces that may be cut anywhere. */
export type SnapshotDecoder = {
  /**
   * Takes the next piece, in time proportional to its size. Until `finish` nobody may write into
   * it.
   *
   * @throws ERR_DISK_CORRUPT when the bytes are no snapshot; what is wrong, and at which byte.
   */
  readonly push: (bytes: Uint8Array) => void;
  /**
   * The state, once everything has been pushed.
   *
   * @throws ERR_DISK_CORRUPT when something is missing, or the digest is not that of the state.
   */
  readonly finish: () => TreeState;
};

export const snapshotDecoder = (): SnapshotDecoder => {
  const decoder = new Decoder();
  return { push: (bytes) => decoder.push(bytes), finish: () => decoder.finish() };
};

class Decoder {
  readonly #pending = new Pending();
  #version: number | null = null;
  /** Length of the record that comes next; `null` before its length is read. */
  #length: number | null = null;
  /** Where the bytes that are being read begin, for messages. */
  #offset = 0;
  #header: Header | null = null;
  readonly #sessions: Kept<TreeState['sessions'][number]['id']>[] = [];
  readonly #leases: Kept<TreeState['leases'][number]['id']>[] = [];
  #files = emptyTree().files;
  #directories = emptyTree().directories;
  readonly #sum = new DigestSum(noDigest);
  #lastPath: Path | null = null;
  #digest: Uint8Array | null = null;

  push(bytes: Uint8Array): void {
    this.#pending.add(bytes);
    for (;;) {
      const wanted = this.#version === null ? 1 : (this.#length ?? 4);
      const part = this.#pending.take(wanted);
      if (part === null) return;
      this.#read(part);
      this.#offset += part.length;
    }
  }

  finish(): TreeState {
    if (this.#digest === null || this.#pending.length > 0)
      this.#fail('the snapshot ends too early');
    const state = this.#state();
    if (!sameBytes(bytesOfDigest(digestOf(state)), this.#digest)) {
      this.#fail('the digest is not that of what was read');
    }
    return state;
  }

  #read(part: Uint8Array): void {
    if (this.#digest !== null) this.#fail('something follows the digest');
    if (this.#version === null) {
      this.#version = part[0] ?? 0;
      if (this.#version !== snapshotVersion) this.#fail(`format ${this.#version} is not known`);
    } else if (this.#length === null) {
      this.#length = new DataView(part.buffer, part.byteOffset, 4).getUint32(0, true);
      if (this.#length > recordBytesMax) this.#fail('a record is too long');
    } else {
      this.#length = null;
      this.#record(new ByteReader(part, (what, at) => this.#fail(what, at)));
    }
  }

  #record(reader: ByteReader): void {
    const header = this.#header;
    if (header === null) this.#header = readHeader(reader);
    else if (this.#sessions.length < header.sessions) {
      this.#sessions.push({ id: sessionId(reader.number()), bytes: reader.rest() });
    } else if (this.#leases.length < header.leases) {
      this.#leases.push({ id: leaseId(reader.number()), bytes: reader.rest() });
    } else if (this.#files.size < header.files) {
      this.#file(reader, header.state.revision);
    } else {
      this.#digest = reader.rest();
      if (this.#digest.length !== digestBytes) reader.fail('a digest has 16 bytes');
    }
    reader.end();
  }

  #file(reader: ByteReader, newest: Revision): void {
    const path = parsePath(reader.text()) ?? reader.fail('a path is malformed');
    const places = { files: this.#files, directories: this.#directories };
    if (this.#lastPath !== null && comparePaths(this.#lastPath, path) >= 0) {
      reader.fail('paths are out of order');
    }
    if (!canHoldFile(places, path)) reader.fail('a file stands below a file');
    const created = revision(reader.number());
    const changed = revision(reader.number());
    if (created < 1 || created > changed || changed > newest) {
      reader.fail('the revisions of a file are out of order');
    }
    const file: File = { created, changed, lease: leaseId(reader.number()), body: reader.rest() };
    this.#files = this.#files.with(path, file);
    this.#directories = withName(this.#directories, path);
    this.#sum.add(path, file);
    this.#lastPath = path;
  }

  #state(): TreeState {
    const header = this.#header ?? this.#fail('the snapshot ends too early');
    return {
      ...header.state,
      sessions: this.#sessions,
      leases: this.#leases,
      files: this.#files,
      directories: this.#directories,
      filesDigest: this.#sum.sum,
      lastEvent: this.#lastEvent(header),
    };
  }

  /** A file still has what its last event wrote; the other kinds have no body. */
  #lastEvent({ lastEvent, state }: Header): Event | null {
    if (lastEvent === null) return null;
    const { kind, path } = lastEvent;
    if (kind !== 'set') return { kind, path, body: noBytes, revision: state.revision };
    const file = this.#files.get(path);
    if (file?.changed !== state.revision) return this.#fail('the last event is not in the files');
    return { kind, path, body: file.body, revision: state.revision };
  }

  #fail(what: string, at = 0): never {
    throw new ClusterError(
      'ERR_DISK_CORRUPT',
      `Cannot read the snapshot: ${what} at byte ${this.#offset + at}`,
    );
  }
}

function readHeader(reader: ByteReader): Header {
  const behaviourVersion = reader.number();
  const appliedIndex = logIndex(reader.number());
  const appliedTerm = term(reader.number());
  const time = clusterTime(reader.number());
  const newest = revision(reader.number());
  const lineage = readFlag(reader) ? readLineage(reader) : null;
  const name = reader.text();
  const limits = { valueBytesMax: reader.number(), pathBytesMax: reader.number() };
  const membership = readMembership(reader);
  const membershipInForce = readMembership(reader);
  const kind = eventKinds[reader.byte()];
  if (kind === undefined) return reader.fail('an event kind is not known');
  if ((kind === null) !== (newest === 0)) reader.fail('the last event and the revision disagree');
  const lastEvent =
    kind === null ? null : { kind, path: parsePath(reader.text()) ?? reader.fail('a path is bad') };
  return {
    state: {
      behaviourVersion,
      appliedIndex,
      appliedTerm,
      clusterTime: time,
      revision: newest,
      lineage,
      name,
      limits,
      membership,
      membershipInForce,
      lastEvent: null,
      sessions: [],
      leases: [],
    },
    lastEvent,
    sessions: reader.number(),
    leases: reader.number(),
    files: reader.number(),
  };
}

function readFlag(reader: ByteReader): boolean {
  const byte = reader.byte();
  return byte > 1 ? reader.fail('a flag is 0 or 1') : byte === 1;
}

function readLineage(reader: ByteReader): Lineage {
  const clusterId = parseClusterId(reader.text()) ?? reader.fail('a cluster id is malformed');
  return { clusterId, epoch: reader.number(), epochId: reader.text() };
}

const readId = (reader: ByteReader): NodeId =>
  parseNodeId(reader.text()) ?? reader.fail('a node id is malformed');

function readIds(reader: ByteReader): NodeId[] {
  const ids: NodeId[] = [];
  for (let left = reader.number(); left > 0; left--) ids.push(readId(reader));
  return ids;
}

function readMembership(reader: ByteReader): Membership {
  const voters = readIds(reader);
  const outgoing = readFlag(reader) ? readIds(reader) : null;
  const learners = readIds(reader);
  const learnersNext = readIds(reader);
  const parked = readIds(reader);
  const addresses = new Map<NodeId, string>();
  for (let left = reader.number(); left > 0; left--) addresses.set(readId(reader), reader.text());
  return { voters, outgoing, learners, learnersNext, parked, addresses };
}

/** Bytes that came in pieces. Each byte is copied at most once. */
class Pending {
  #pieces: Uint8Array[] = [];
  /** The first piece that is not used up, and how much of it was taken. */
  #first = 0;
  #taken = 0;
  length = 0;

  add(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.length += bytes.length;
  }

  /** The next `length` bytes, or `null` while there are fewer. */
  take(length: number): Uint8Array | null {
    if (this.length < length) return null;
    this.length -= length;
    const piece = this.#pieces[this.#first] ?? noBytes;
    if (piece.length - this.#taken >= length) return this.#some(length);
    const whole = new Uint8Array(length);
    for (let at = 0; at < length; ) {
      const part = this.#some(length - at);
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  /** Up to `length` bytes of the first piece. */
  #some(length: number): Uint8Array {
    const piece = this.#pieces[this.#first] ?? noBytes;
    const part = piece.subarray(this.#taken, this.#taken + length);
    this.#taken += part.length;
    if (this.#taken === piece.length) {
      this.#taken = 0;
      this.#first++;
      if (this.#first === this.#pieces.length) {
        this.#pieces = [];
        this.#first = 0;
      }
    }
    return part;
  }
}
