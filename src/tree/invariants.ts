import { assert, isMember, must, noLease, parseNodeId } from '../base/index.ts';
import { type Path, parentOf, rootPath } from '../paths/index.ts';
import { DigestSum, noDigest, sameDigest } from './digest.ts';
import { leaseDigest, leaseKey, replyBytesOf, replyDigest } from './lease.ts';
import { slotsOf } from './slots.ts';
import type { TreeState } from './state.ts';

/** Everything that must hold of a state. Reads all of it: for tests and the simulator. */
export function checkTree(state: TreeState): void {
  checkFiles(state);
  checkDirectories(state);
  checkSlots(state);
  checkLeases(state);
  assert(
    (state.lastEvent?.revision ?? 0) === state.revision,
    'T1: the last event stands at the revision',
  );
}

function checkFiles({ files, filesDigest, revision, leases }: TreeState): void {
  const sum = new DigestSum(noDigest);
  let tied = 0;
  for (const [path, file] of files.entries()) {
    assert(file.created >= 1, 'T1: a file was created at a revision');
    assert(file.created <= file.changed, 'T1: a file was changed when it was created or later');
    assert(file.changed <= revision, 'T1: no file was changed after the tree');
    if (file.lease !== noLease) {
      tied++;
      const lease = must(leases.get(leaseKey(file.lease)), 'T4: the lease of a file exists');
      assert(lease.files.has(path), 'T4: a lease knows its files');
    }
    sum.add(path, file);
  }
  assert(sameDigest(sum.sum, filesDigest), 'T2: the digest is the sum over all files');
  let known = 0;
  for (const [, lease] of leases.entries()) known += lease.files.size;
  assert(known === tied, 'T4: a lease knows no file that is not its own');
}

function checkLeases({ leases, leasesDigest, appliedIndex }: TreeState): void {
  const sum = new DigestSum(noDigest);
  for (const [key, lease] of leases.entries()) {
    assert(key === leaseKey(lease.id), 'T4: a lease stands under its id');
    assert(lease.id <= appliedIndex, 'T4: the id of a lease is the index that granted it');
    sum.addDigest(leaseDigest(lease));
    const { session, id } = lease;
    if (session === null) continue;
    let least = session.ackedBelow;
    let bytes = 0;
    for (const saved of session.replies) {
      assert(saved.seq >= least, 'S1: answers are above what was acknowledged, by number');
      assert(saved.seq < session.ackedBelow + session.window, 'S1: answers are in the window');
      least = saved.seq + 1;
      bytes += replyBytesOf(saved.reply);
      sum.addDigest(replyDigest(id, saved));
    }
    assert(bytes === session.replyBytes, 'S1: what answers hold is counted');
  }
  assert(sameDigest(sum.sum, leasesDigest), 'T2: the digest is the sum over all leases');
}

function checkDirectories({ files, directories }: TreeState): void {
  const counts = new Map<Path, Set<Path>>([[rootPath, new Set()]]);
  for (const [file] of files.entries()) {
    assert(!directories.has(file), 'T3: no path is both a file and a directory');
    let below: Path = file;
    for (let at = parentOf(file); at !== null; at = parentOf(at)) {
      const names = counts.get(at) ?? new Set();
      counts.set(at, names.add(below));
      assert(!files.has(at), 'T3: no file stands above another');
      below = at;
    }
  }
  assert(counts.size === directories.size, 'T3: every directory holds a name, but the root');
  for (const [at, names] of counts) {
    assert(directories.get(at) === names.size, 'T3: a directory counts the names it holds');
  }
}

function checkSlots({ files, membership, membershipInForce }: TreeState): void {
  if (membershipInForce.addresses.size === 0) return;
  const seen = new Set<string>();
  for (const { holder } of slotsOf(files)) {
    if (holder === '') continue;
    const id = parseNodeId(holder);
    assert(id !== null, 'T7: a slot is empty or holds an id');
    assert(
      isMember(membership, id) || isMember(membershipInForce, id),
      'T7: a slot holds the id of a member',
    );
    assert(!seen.has(id), 'T7: a member stands in one slot only');
    seen.add(id);
  }
}

/** What must hold between a state and a later one. Cheap: it may run at every turn. */
export function checkTreeStep(before: TreeState, after: TreeState): void {
  assert(before.appliedIndex <= after.appliedIndex, 'R1: the applied index never falls');
  assert(before.appliedTerm <= after.appliedTerm, 'R2: terms along the log never fall');
  assert(before.revision <= after.revision, 'T1: the revision never falls');
  assert(before.clusterTime <= after.clusterTime, 'T5: cluster time never falls');
  assert(
    before.lineage === null || after.lineage !== null,
    'a cluster that was founded stays founded',
  );
}
