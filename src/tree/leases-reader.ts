import { type LeaseId, leaseId } from '../base/index.ts';
import { comparePaths, type Path } from '../paths/index.ts';
import type { ByteReader } from './bytes.ts';
import { DigestSum, noDigest } from './digest.ts';
import {
  type Lease,
  leaseDigest,
  leaseKey,
  replyBytesOf,
  replyDigest,
  type SavedReply,
  type Session,
} from './lease.ts';
import { PathMap } from './path-map.ts';
import { PathMapBuilder } from './path-map-builder.ts';
import { readReply } from './replies.ts';
import type { TreeState } from './state.ts';

type Read = { readonly lease: Lease; files: PathMapBuilder<true> | null };

/** The leases of a snapshot, and after them the files that name them. */
export class LeasesReader {
  readonly #read = new Map<LeaseId, Read>();
  readonly #sum = new DigestSum(noDigest);
  #last: Path | null = null;

  get size(): number {
    return this.#read.size;
  }

  read(reader: ByteReader): void {
    const id = leaseId(reader.number());
    const key = leaseKey(id);
    if (this.#last !== null && comparePaths(this.#last, key) >= 0) {
      reader.fail('leases are out of order');
    }
    this.#last = key;
    const lengthMs = reader.number();
    const window = reader.number();
    const session = window === 0 ? null : readSession(reader, window);
    const lease: Lease = { id, lengthMs, files: PathMap.empty<true>(), session };
    this.#sum.addDigest(leaseDigest(lease));
    for (const saved of session?.replies ?? []) this.#sum.addDigest(replyDigest(id, saved));
    this.#read.set(id, { lease, files: null });
  }

  /** Paths come in walk order. False: there is no such lease. */
  tie(path: Path, id: LeaseId): boolean {
    const read = this.#read.get(id);
    if (read === undefined) return false;
    read.files ??= new PathMapBuilder<true>();
    read.files.add(path, true);
    return true;
  }

  finish(): Pick<TreeState, 'leases' | 'leasesDigest'> {
    const leases = new PathMapBuilder<Lease>();
    for (const { lease, files } of this.#read.values()) {
      leases.add(leaseKey(lease.id), files === null ? lease : { ...lease, files: files.finish() });
    }
    return { leases: leases.finish(), leasesDigest: this.#sum.sum };
  }
}

function readSession(reader: ByteReader, window: number): Session {
  const ackedBelow = reader.number();
  const replies: SavedReply[] = [];
  let replyBytes = 0;
  let least = ackedBelow;
  for (let left = reader.number(); left > 0; left--) {
    const seq = reader.number();
    if (seq < least || seq >= ackedBelow + window) reader.fail('an answer is not in the window');
    least = seq + 1;
    const reply = readReply(reader);
    replies.push({ seq, reply });
    replyBytes += replyBytesOf(reply);
  }
  return { window, ackedBelow, replies, replyBytes };
}
