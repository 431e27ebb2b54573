import {
  ClusterError,
  clusterTime,
  type Lineage,
  leaseId,
  logIndex,
  type Membership,
  type NodeId,
  noBytes,
  noLease,
  parseClusterId,
  parseNodeId,
  type Revision,
  revision,
  sameBytes,
  term,
} from '../base/index.ts';
import { comparePaths, type Path, parsePath } from '../paths/index.ts';
import { ByteReader } from './bytes.ts';
import { DigestSum, noDigest } from './digest.ts';
import { LeasesReader } from './leases-reader.ts';
import { PlacesBuilder } from './places-builder.ts';
import { Slabs } from './slabs.ts';
import {
  bytesOfDigest,
  eventKinds,
  hasBefore,
  snapshotDigest,
  snapshotVersion,
} from './snapshot.ts';
import { type TreeState, usualLimits } from './state.ts';
import { type Event, type File, laterLimits, sessionsVersion, type TreeLimits } from './types.ts';

/** A length beyond this is taken for damage. */
const recordBytesMax = 64 * 1024 * 1024;
const digestBytes = 16;

/** What the header says, and how many records of each kind follow it. */
type Header = {
  readonly state: Omit<
    TreeState,
    'files' | 'directories' | 'filesDigest' | 'leases' | 'leasesDigest'
  >;
  readonly lastEvent: { readonly kind: Event['kind']; readonly path: Path } | null;
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
  readonly #window = new Window();
  /** Reads one record after the other: a reader each would cost as much as the reading. */
  readonly #reader = new ByteReader((what, at) => this.#fail(what, at - this.#window.at));
  readonly #slabs = new Slabs();
  #version: number | null = null;
  /** Length of the record that comes next; `null` before its length is read. */
  #length: number | null = null;
  /** Where the bytes that are being read begin, for messages. */
  #offset = 0;
  #header: Header | null = null;
  /** What the last event's file held before; `undefined` until its record is read. */
  #previous: Uint8Array | null | undefined;
  readonly #leases = new LeasesReader();
  readonly #places = new PlacesBuilder();
  readonly #sum = new DigestSum(noDigest);
  #digest: Uint8Array | null = null;

  push(bytes: Uint8Array): void {
    const window = this.#window;
    window.add(bytes);
    for (;;) {
      const wanted = this.#version === null ? 1 : (this.#length ?? 4);
      if (!window.holds(wanted)) return;
      this.#read(wanted);
      window.pass(wanted);
      this.#offset += wanted;
    }
  }

  finish(): TreeState {
    if (this.#digest === null || this.#window.length > 0) this.#fail('the snapshot ends too early');
    const state = this.#state();
    if (!sameBytes(bytesOfDigest(snapshotDigest(state)), this.#digest)) {
      this.#fail('the digest is not that of what was read');
    }
    return state;
  }

  #read(length: number): void {
    const { bytes, at } = this.#window;
    if (this.#digest !== null) this.#fail('something follows the digest');
    if (this.#version === null) {
      this.#version = bytes[at] ?? 0;
      if (this.#version !== snapshotVersion) this.#fail(`format ${this.#version} is not known`);
    } else if (this.#length === null) {
      this.#length = lengthAt(bytes, at);
      if (this.#length > recordBytesMax) this.#fail('a record is too long');
    } else {
      this.#length = null;
      this.#reader.begin(bytes, at, at + length);
      this.#record(this.#reader);
    }
  }

  #record(reader: ByteReader): void {
    const header = this.#header;
    if (header === null) this.#header = this.#begin(readHeader(reader));
    else if (this.#previous === undefined) {
      this.#previous = readFlag(reader) ? reader.restIn(this.#slabs) : null;
    } else if (this.#leases.size < header.leases) this.#leases.read(reader);
    else if (this.#places.size < header.files) {
      this.#file(reader, header.state.revision);
    } else {
      this.#digest = reader.rest();
      if (this.#digest.length !== digestBytes) reader.fail('a digest has 16 bytes');
    }
    reader.end();
  }

  #begin(header: Header): Header {
    const { behaviourVersion } = header.state;
    if (!hasBefore({ behaviourVersion, lastEvent: header.lastEvent })) this.#previous = null;
    return header;
  }

  #file(reader: ByteReader, newest: Revision): void {
    const path = parsePath(reader.text()) ?? reader.fail('a path is malformed');
    const { last } = this.#places;
    if (last !== null && comparePaths(last, path) >= 0) reader.fail('paths are out of order');
    if (!this.#places.canAdd(path)) reader.fail('a file stands below a file');
    const created = revision(reader.number());
    const changed = revision(reader.number());
    if (created < 1 || created > changed || changed > newest) {
      reader.fail('the revisions of a file are out of order');
    }
    const lease = leaseId(reader.number());
    const body = reader.restIn(this.#slabs);
    // Named in the order in which a write names them, so that the engine takes both for one form.
    const file: File = { body, created, changed, lease };
    this.#places.add(path, file);
    if (lease !== noLease && !this.#leases.tie(path, lease)) reader.fail('a file has no lease');
    this.#sum.add(path, file);
  }

  #state(): TreeState {
    const header = this.#header ?? this.#fail('the snapshot ends too early');
    const { files, directories } = this.#places.finish();
    return {
      ...header.state,
      ...this.#leases.finish(),
      files,
      directories,
      filesDigest: this.#sum.sum,
      lastEvent: this.#lastEvent(header, files),
    };
  }

  /** A file still has what its last event wrote; the other kinds have no body. */
  #lastEvent({ lastEvent, state }: Header, files: TreeState['files']): Event | null {
    if (lastEvent === null) return null;
    const { kind, path } = lastEvent;
    const previous = this.#previous ?? null;
    if (kind !== 'set') return { kind, path, body: noBytes, revision: state.revision, previous };
    const file = files.get(path);
    if (file?.changed !== state.revision) return this.#fail('the last event is not in the files');
    return { kind, path, body: file.body, revision: state.revision, previous };
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
  const limits = readLimits(reader, behaviourVersion);
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
    },
    lastEvent,
    leases: readLeasesCount(reader),
    files: reader.number(),
  };
}

function readLimits(reader: ByteReader, behaviourVersion: number): TreeLimits {
  const valueBytesMax = reader.number();
  const pathBytesMax = reader.number();
  const later: { -readonly [Name in keyof TreeLimits]?: number } = {};
  if (behaviourVersion >= sessionsVersion) {
    for (const name of laterLimits) later[name] = reader.number();
  }
  return { ...usualLimits, ...later, valueBytesMax, pathBytesMax };
}

function readLeasesCount(reader: ByteReader): number {
  if (reader.number() !== 0) return reader.fail('there are no sessions apart from leases');
  return reader.number();
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

/** Four bytes, little-endian. */
const lengthAt = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)) >>>
  0;

/** Looks at bytes that came in pieces. What is read lies in one piece, or is joined once. */
class Window {
  /** The piece that is looked at, and how much of it was passed. */
  bytes: Uint8Array = noBytes;
  at = 0;
  /** Bytes in this piece and all after it. */
  length = 0;
  #next: Uint8Array[] = [];

  add(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#next.push(bytes);
    this.length += bytes.length;
  }

  /** Whether the next `length` bytes are there; if so they stand in `bytes` from `at` on. */
  holds(length: number): boolean {
    if (this.bytes.length - this.at >= length) return true;
    if (this.length < length) return false;
    this.#join(length);
    return true;
  }

  pass(length: number): void {
    this.at += length;
    this.length -= length;
  }

  /** `bytes` begins with the next `length` bytes. Called when it has fewer and all have enough. */
  #join(length: number): void {
    const pieces = [this.bytes.subarray(this.at), ...this.#next];
    this.at = 0;
    const first = pieces.findIndex((piece) => piece.length > 0);
    const whole = pieces[first] ?? noBytes;
    if (whole.length >= length) {
      this.bytes = whole;
      this.#next = pieces.slice(first + 1);
      return;
    }
    const joined = new Uint8Array(length);
    let have = 0;
    let used = 0;
    for (const piece of pieces) {
      const part = piece.subarray(0, length - have);
      joined.set(part, have);
      have += part.length;
      if (part.length < piece.length) {
        pieces[used] = piece.subarray(part.length);
        break;
      }
      used++;
    }
    this.bytes = joined;
    this.#next = pieces.slice(used);
  }
}
