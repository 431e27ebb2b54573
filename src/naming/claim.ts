// Who founds a cluster: decided in the boot cluster, once.
import { ClusterError } from '../base/index.ts';
import type { CallOptions, Lease } from '../client/index.ts';
import { del, put, when } from '../client/index.ts';
import { bootFile, keptFile } from '../paths/index.ts';
import { type BootClient, type NameEntry, readNames } from './names.ts';

/** How long entries outlive the last sign of life of the node that wrote them. */
export const nameLeaseMs = 10_000;
/** Entries removed in one transaction, each with its guard. */
const removedAtOnce = 32;

export type Candidate = {
  readonly name: string;
  readonly id: string;
  /** host:port where others reach it. */
  readonly address: string;
  /** It has a data folder: what it founds outlives its process. */
  readonly keepsData: boolean;
};

/** The right to found the cluster, and what announces it. */
export type Claim = {
  readonly lease: Lease;
  /**
   * Asked right before the first entry is written. With a data folder it stays: the boot cluster remembers
   * who founded. Without one it ends with the lease.
   */
  readonly isGood: () => boolean;
};

/**
 * Tries to become the one that founds. `gone`: entries that were found to be of nobody any more; while there is
 * any other, nobody founds. `null`: somebody else is before, look again.
 *
 * First /ctl/boot/NAME is made, on a lease: one at a time. Then, under it, all is read anew, and the right is
 * taken in a transaction that holds only while that very file is there: /ctl/kept/NAME/ID, which has no lease if
 * the node keeps data. docs/adr/0018 says why this makes two founders impossible.
 *
 * @throws what the boot cluster says, ERR_OUTCOME_UNKNOWN too: then look again, the next look tells.
 */
export async function claimFounding(
  client: BootClient,
  candidate: Candidate,
  gone: readonly NameEntry[],
  options: CallOptions = {},
): Promise<Claim | null> {
  const lease = await client.grant(nameLeaseMs, options);
  let claimed = false;
  try {
    claimed = await claimUnder(lease, client, candidate, gone, options);
    return claimed ? { lease, isGood: () => candidate.keepsData || !lease.isLost } : null;
  } catch (error) {
    // This process stood still, or the boot cluster did: whatever was won is lost.
    if (error instanceof ClusterError && error.code === 'ERR_NO_LEASE') return null;
    throw error;
  } finally {
    // What was made goes with it, and nothing of it can come to be later.
    if (!claimed) await lease.release(options).catch(() => undefined);
  }
}

async function claimUnder(
  lease: Lease,
  client: BootClient,
  candidate: Candidate,
  gone: readonly NameEntry[],
  options: CallOptions,
): Promise<boolean> {
  const { name, id, address, keepsData } = candidate;
  const boot = bootFile(name);
  const won = await client.transact(
    { compares: [when.absent(boot)], ifTrue: [put(boot, id, { lease })] },
    options,
  );
  const [made] = won.results;
  if (!won.succeeded || made === undefined) return false;
  const mine = when.created(boot, '=', made.revision);
  // Whoever had the right before has left its mark by now: it was made while its own boot file was there.
  const { announced, kept } = await readNames(client, name, options);
  const isGone = (entry: NameEntry) =>
    gone.some(({ path, created }) => path === entry.path && created === entry.created);
  const left = [...announced, ...kept];
  if (!left.every(isGone)) return false;
  for (let at = 0; at < left.length; at += removedAtOnce) {
    const some = left.slice(at, at + removedAtOnce);
    const guards = some.map(({ path, created }) => when.created(path, '=', created));
    const removal = { compares: [mine, ...guards], ifTrue: some.map(({ path }) => del(path)) };
    if (!(await client.transact(removal, options)).succeeded) return false;
  }
  const mark = put(keptFile(name, id), address, keepsData ? {} : { lease });
  const { succeeded } = await client.transact({ compares: [mine], ifTrue: [mark] }, options);
  return succeeded;
}
