import {
  type LeaseId,
  must,
  nextRevision,
  noBytes,
  noLease,
  type Revision,
} from '../base/index.ts';
import { type Path, parentOf, rootPath } from '../paths/index.ts';
import { type Digest, DigestSum } from './digest.ts';
import { type Lease, leaseDigest, leaseKey, replyDigest, type SavedReply } from './lease.ts';
import type { PathMap } from './path-map.ts';
import type { TreeState } from './state.ts';
import type { Event, File } from './types.ts';

/**
 * The files and leases of a tree while one change is being applied. Everything it does takes the next revision
 * and leaves exactly one event there, so revisions and events cannot drift apart (T1).
 */
export class Draft {
  readonly events: Event[] = [];
  #files: PathMap<File>;
  #directories: PathMap<number>;
  #revision: Revision;
  /** `null` until a file is written. */
  #sum: DigestSum | null = null;
  readonly #before: Digest;
  #leases: PathMap<Lease>;
  /** `null` until a lease or an answer in one changes. */
  #leasesSum: DigestSum | null = null;
  readonly #leasesBefore: Digest;

  constructor({ files, directories, revision, filesDigest, leases, leasesDigest }: TreeState) {
    this.#files = files;
    this.#directories = directories;
    this.#revision = revision;
    this.#before = filesDigest;
    this.#leases = leases;
    this.#leasesBefore = leasesDigest;
  }

  get files(): PathMap<File> {
    return this.#files;
  }

  get directories(): PathMap<number> {
    return this.#directories;
  }

  get revision(): Revision {
    return this.#revision;
  }

  get filesDigest(): Digest {
    return this.#sum === null ? this.#before : this.#sum.sum;
  }

  get leases(): PathMap<Lease> {
    return this.#leases;
  }

  get leasesDigest(): Digest {
    return this.#leasesSum === null ? this.#leasesBefore : this.#leasesSum.sum;
  }

  lease(id: LeaseId): Lease | undefined {
    return this.#leases.get(leaseKey(id));
  }

  /**
   * Writes a file. The caller knows that no ancestor is a file, that `path` is no directory, and that
   * the lease exists.
   *
   * @param old  the file that stands there, for callers that looked it up already.
   */
  set(
    path: Path,
    body: Uint8Array,
    lease: LeaseId = noLease,
    old: File | undefined = this.#files.get(path),
  ): void {
    const changed = this.#next('set', path, body, old?.body ?? null);
    const file = { body, created: old?.created ?? changed, changed, lease };
    this.#files = this.#files.with(path, file);
    this.#sum ??= new DigestSum(this.#before);
    if (old !== undefined) this.#sum.subtract(path, old);
    else this.#addName(path);
    this.#sum.add(path, file);
    const leaseBefore = old?.lease ?? noLease;
    if (leaseBefore === lease) return;
    if (leaseBefore !== noLease) this.#untie(path, leaseBefore);
    if (lease !== noLease) this.#tie(path, lease);
  }

  /** Deletes a file, and every directory that it leaves empty; or does nothing if it is missing. */
  delete(path: Path): void {
    const old = this.#files.get(path);
    this.#next('delete', path, noBytes, old?.body ?? null);
    if (old === undefined) return;
    this.#files = this.#files.without(path);
    this.#sum ??= new DigestSum(this.#before);
    this.#sum.subtract(path, old);
    this.#removeName(path);
    if (old.lease !== noLease) this.#untie(path, old.lease);
  }

  /** A new lease, without files, and without answers. */
  grant(lease: Lease): void {
    this.#leases = this.#leases.with(leaseKey(lease.id), lease);
    this.#changedLeases().addDigest(leaseDigest(lease));
  }

  /** Ends a lease and deletes its files, in walk order. */
  end(id: LeaseId): void {
    const { files } = this.#must(id);
    for (const [path] of files.entries()) this.delete(path);
    const lease = this.#must(id);
    const sum = this.#changedLeases();
    sum.subtractDigest(leaseDigest(lease));
    for (const saved of lease.session?.replies ?? []) sum.subtractDigest(replyDigest(id, saved));
    this.#leases = this.#leases.without(leaseKey(id));
  }

  /** What a session was answered, or acknowledged, changes. @param gone  the answers that go. */
  updateSession(lease: Lease, gone: readonly SavedReply[], added: SavedReply | null): void {
    const { id } = lease;
    const sum = this.#changedLeases();
    const old = this.#must(id);
    if (old.session?.ackedBelow !== lease.session?.ackedBelow) {
      sum.subtractDigest(leaseDigest(old));
      sum.addDigest(leaseDigest(lease));
    }
    for (const saved of gone) sum.subtractDigest(replyDigest(id, saved));
    if (added !== null) sum.addDigest(replyDigest(id, added));
    this.#leases = this.#leases.with(leaseKey(id), lease);
  }

  nop(): void {
    this.#next('nop', rootPath, noBytes, null);
  }

  #must(id: LeaseId): Lease {
    return must(this.lease(id), 'T4: the lease of a file exists');
  }

  #changedLeases(): DigestSum {
    this.#leasesSum ??= new DigestSum(this.#leasesBefore);
    return this.#leasesSum;
  }

  /** The digest of a file holds its lease: that of the lease need not hold its files. */
  #tie(path: Path, id: LeaseId): void {
    const lease = this.#must(id);
    this.#leases = this.#leases.with(leaseKey(id), {
      ...lease,
      files: lease.files.with(path, true),
    });
  }

  #untie(path: Path, id: LeaseId): void {
    const lease = this.#must(id);
    this.#leases = this.#leases.with(leaseKey(id), {
      ...lease,
      files: lease.files.without(path),
    });
  }

  #next(kind: Event['kind'], path: Path, body: Uint8Array, previous: Uint8Array | null): Revision {
    this.#revision = nextRevision(this.#revision);
    this.events.push({ kind, path, body, revision: this.#revision, previous });
    return this.#revision;
  }

  #addName(path: Path): void {
    this.#directories = withName(this.#directories, path);
  }

  /** `path` is gone: its directory holds one name less, and with none left is gone too (T3). */
  #removeName(path: Path): void {
    for (let at = parentOf(path); at !== null; at = parentOf(at)) {
      const count = must(this.#directories.get(at), 'T3: a file stands in directories');
      if (count > 1 || at === rootPath) {
        this.#directories = this.#directories.with(at, count - 1);
        return;
      }
      this.#directories = this.#directories.without(at);
    }
  }
}

/** `path` is a new file: its directory holds one name more, and may be new itself. */
export function withName(directories: PathMap<number>, path: Path): PathMap<number> {
  let counted = directories;
  for (let at = parentOf(path); at !== null; at = parentOf(at)) {
    const count = directories.get(at);
    counted = counted.with(at, (count ?? 0) + 1);
    if (count !== undefined) break;
  }
  return counted;
}
