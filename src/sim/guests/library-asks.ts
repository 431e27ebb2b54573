// Requests as a program makes them with the library, and what it is told.
import { type LeaseId, leaseId, textOf, utf8 } from '../../base/index.ts';
import type { Client, Compare, Event, Lease, Operation } from '../../client/index.ts';
import type {
  Asked,
  AskedCompare,
  AskedOperation,
  History,
  Shown,
  Told,
  ToldResult,
} from '../history.ts';

export const shown = ({ kind, path, body, revision }: Event): Shown => ({
  kind,
  path,
  body: textOf(body),
  revision,
});

/** With what stood there before. */
export const shownWithPrevious = (event: Event): Shown => ({
  ...shown(event),
  previous: event.previous === null ? null : textOf(event.previous),
});

export type Asking = {
  readonly guest: string;
  readonly client: Client;
  readonly history: History;
  /** Leases it was granted, by id. */
  readonly leases: Map<number, Lease>;
  readonly signal: AbortSignal;
};

export async function ask(asking: Asking, asked: Asked): Promise<Told> {
  const { client, signal } = asking;
  switch (asked.kind) {
    case 'set': {
      const { path, body, guard } = asked;
      const revision = await client.set(path, body, guard, { signal, ...leaseOf(asking, asked) });
      return { kind: 'wrote', revision };
    }
    case 'delete':
      return { kind: 'wrote', revision: await client.delete(asked.path, asked.guard, { signal }) };
    case 'nop':
      return { kind: 'wrote', revision: await client.nop({ signal }) };
    case 'create': {
      const options = { signal, ...leaseOf(asking, asked) };
      return { kind: 'created', ...(await client.create(asked.prefix, asked.body, options)) };
    }
    case 'count': {
      const { path, delta, guard } = asked;
      return { kind: 'counted', ...(await client.count(path, delta, { guard, signal })) };
    }
    case 'transact':
      return transact(asking, asked);
    case 'grant':
      return grant(asking, asked);
    case 'revoke':
      await client.revoke(asked.lease, { signal });
      return { kind: 'ended' };
    case 'renew': {
      const { lease, isQuestion } = asked;
      if (!isQuestion) return { kind: 'left', leftMs: await client.renew(lease, { signal }) };
      const report = await client.lease(lease, { signal });
      return { kind: 'left', leftMs: report?.leftMs ?? null };
    }
    case 'rev':
      return { kind: 'revision', revision: await client.rev({ signal }) };
    case 'wait':
      return { kind: 'event', event: shown(await client.wait(asked.glob, asked.from, { signal })) };
    default:
      return look(client, asked, { signal, ...freshness(asked) });
  }
}

/** Now and then by the lease's number, now and then by the lease. */
function leaseOf({ leases }: Asking, { lease = 0 }: { readonly lease?: number }) {
  if (lease === 0) return {};
  return { lease: (lease % 2 === 0 ? leases.get(lease) : undefined) ?? lease };
}

function freshness({ at, least }: { readonly at: number | null; readonly least?: number }) {
  if (least !== undefined) return least === 0 ? { local: true } : { atLeast: least };
  return at === null ? {} : { revision: at };
}

type Looking = Extract<Asked, { readonly kind: 'get' | 'stat' | 'list' | 'walk' }>;
type LookOptions = Parameters<Client['read']>[1];

async function look(client: Client, asked: Looking, options: LookOptions): Promise<Told> {
  switch (asked.kind) {
    case 'get': {
      const { file, at } = await client.read(asked.path, options);
      return { kind: 'value', file: file && { ...file, body: textOf(file.body) }, state: at };
    }
    case 'stat':
      return statOf(await client.stat(asked.path, options));
    case 'list': {
      const names: string[] = [];
      const listing = client.list(asked.path, options);
      for await (const name of listing) names.push(name);
      return { kind: 'names', names, ...(listing.at !== null && { state: listing.at }) };
    }
    case 'walk': {
      const files: { path: string; body: string; revision: number }[] = [];
      const listing = client.walk(asked.glob, options);
      for await (const { path, body, revision } of listing) {
        files.push({ path, body: textOf(body), revision });
      }
      return { kind: 'files', files, ...(listing.at !== null && { state: listing.at }) };
    }
  }
}

function statOf(stat: Awaited<ReturnType<Client['stat']>>): Told {
  if (stat === null) return { kind: 'stat', what: 'missing', revision: 0, count: 0 };
  return stat.kind === 'file'
    ? { kind: 'stat', what: 'file', revision: stat.revision, count: stat.size }
    : { kind: 'stat', what: 'directory', revision: 0, count: stat.count };
}

// --- transactions ---------------------------------------------------------------------------------

async function transact(
  { client, signal }: Asking,
  { compares, ifTrue, ifFalse }: Extract<Asked, { kind: 'transact' }>,
): Promise<Told> {
  const transaction = {
    compares: compares.map(compareOf),
    ifTrue: ifTrue.map(operationOf),
    ifFalse: ifFalse.map(operationOf),
  };
  const { succeeded, revision, results } = await client.transact(transaction, { signal });
  const operations = succeeded ? ifTrue : ifFalse;
  return {
    kind: 'decided',
    succeeded,
    revision,
    results: results.map((result, i) => resultOf(operations[i], result)),
  };
}

const compareOf = (compare: AskedCompare): Compare => {
  if (compare.kind === 'value') return { ...compare, body: utf8(compare.body) };
  return compare.kind === 'lease' ? { ...compare, lease: idOf(compare.lease) } : compare;
};

const idOf = (lease = 0): LeaseId => (lease === 0 ? (0 as LeaseId) : leaseId(lease));

function operationOf(operation: AskedOperation): Operation {
  switch (operation.kind) {
    case 'set': {
      const { kind, path, body, guard, lease } = operation;
      return { kind, path, body: utf8(body), rev: guard, lease: idOf(lease) };
    }
    case 'delete':
      return { kind: 'delete', path: operation.path, rev: operation.guard };
    case 'create': {
      const { kind, prefix, body, lease } = operation;
      return { kind, prefix, body: utf8(body), lease: idOf(lease) };
    }
    case 'count':
      return { kind: 'count', path: operation.path, delta: operation.delta, rev: operation.guard };
    case 'get':
      return operation;
  }
}

type Result = Awaited<ReturnType<Client['transact']>>['results'][number];

function resultOf(asked: AskedOperation | undefined, result: Result): ToldResult {
  if (asked?.kind === 'get') {
    if (result === null || !('body' in result)) return { kind: 'read', file: null };
    const { body, revision, created, lease } = result;
    return { kind: 'read', file: { body: textOf(body), revision, created, lease } };
  }
  if (result === null || 'body' in result) throw new TypeError('a write has a revision');
  const { revision } = result;
  return 'value' in result
    ? { kind: 'counted', revision, value: result.value }
    : { kind: 'written', revision };
}

// --- leases ---------------------------------------------------------------------------------------

async function grant(
  { client, guest, history, leases, signal }: Asking,
  { lengthMs, keep = false }: Extract<Asked, { kind: 'grant' }>,
): Promise<Told> {
  const lease = await client.grant(lengthMs, { keep, signal });
  leases.set(lease.id, lease);
  let last: { readonly sentMs: number; readonly holdsMs: number } | null = null;
  history.holders.set(lease.id, {
    guest,
    lease: lease.id,
    lengthMs,
    grantedMs: history.nowMs,
    // Guests' clocks run as fast as the world's.
    sign: () => {
      const leftMs = lease.leftMs();
      if (leftMs > 0) last = { sentMs: history.nowMs - (lengthMs - leftMs), holdsMs: lengthMs };
      return last;
    },
  });
  history.holders.get(lease.id)?.sign();
  return { kind: 'granted', lease: lease.id };
}
