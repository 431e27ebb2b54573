import { ClusterError, unreachable } from '../base/index.ts';
import type { NativeCompare, NativeOperation, NativeRequest } from '../protocol/client/index.ts';
import type { Command, Compare, Operation, TreeLimits, Write } from '../tree/index.ts';
import { checkBody, checkPath, checkPrefix } from './checks.ts';
import type { ServerLimits } from './guest.ts';

/** A request that becomes a command, in a session or in none. */
export type WriteRequest = Extract<NativeRequest, { readonly session: unknown }>;
type OfKind<Kind extends WriteRequest['kind']> = Extract<WriteRequest, { readonly kind: Kind }>;

/** What a node and its cluster bound. */
export type Bounds = { readonly server: ServerLimits; readonly tree: TreeLimits };

/**
 * The command that `request` is, or why it is none. Refused here it takes no revision and no place in the log;
 * what depends on the state is the tree's to say.
 */
export function commandOf(request: WriteRequest, bounds: Bounds): Command | ClusterError {
  switch (request.kind) {
    case 'set':
    case 'delete':
    case 'create':
    case 'count':
      return writeOf(request, bounds);
    case 'nop':
      return { kind: 'nop' };
    case 'transact':
      return transactionOf(request, bounds);
    case 'grant':
      return checkGrant(request, bounds) ?? grantOf(request);
    case 'revoke':
      return { kind: 'revoke', lease: request.lease };
    default:
      return unreachable(request);
  }
}

type NativeWrite = Exclude<NativeOperation, { readonly kind: 'get' }>;

function writeOf(write: NativeWrite, { server }: Bounds): Write | ClusterError {
  if (write.kind === 'create') {
    const { prefix, body, lease } = write;
    const wrong = checkPrefix(prefix, server) ?? checkBody(prefix, body, server);
    return wrong ?? { kind: 'create', prefix, body, ...tied(lease) };
  }
  const path = checkPath(write.path, server);
  if (path instanceof ClusterError) return path;
  const guard = write.rev;
  switch (write.kind) {
    case 'set': {
      const { body, lease } = write;
      return checkBody(path, body, server) ?? { kind: 'set', path, body, guard, ...tied(lease) };
    }
    case 'delete':
      return { kind: 'delete', path, guard };
    case 'count':
      return { kind: 'count', path, delta: write.delta, guard };
    default:
      return unreachable(write);
  }
}

const tied = (lease: OfKind<'set'>['lease']): Pick<Extract<Write, { kind: 'set' }>, 'lease'> =>
  lease === 0 ? {} : { lease };

const grantOf = ({ lengthMs, window }: OfKind<'grant'>): Command => ({
  kind: 'grant',
  lengthMs,
  window,
});

function checkGrant(
  { lengthMs, window }: OfKind<'grant'>,
  { tree: { leaseLengthMsMin: least, leaseLengthMsMax: most, sessionWindowMax } }: Bounds,
): ClusterError | null {
  if (lengthMs < least || lengthMs > most) {
    return new ClusterError(
      'ERR_BAD_ARGUMENT',
      `Cannot grant a lease of ${lengthMs} ms: it lasts from ${least} to ${most} ms`,
    );
  }
  if (window <= sessionWindowMax) return null;
  return new ClusterError(
    'ERR_BAD_ARGUMENT',
    `Cannot open a session with a window of ${window} requests: it has at most ${sessionWindowMax}`,
  );
}

function transactionOf(request: OfKind<'transact'>, bounds: Bounds): Command | ClusterError {
  const tooLarge = checkTransaction(request, bounds.tree);
  if (tooLarge !== null) return tooLarge;
  const compares: Compare[] = [];
  for (const [i, compare] of request.compares.entries()) {
    const path = checkPath(compare.path, bounds.server, 'compare');
    if (path instanceof ClusterError) return within(`compare ${i + 1}`, path);
    compares.push({ ...compare, path });
  }
  const ifTrue = operationsOf(request.ifTrue, bounds);
  if (ifTrue instanceof ClusterError) return ifTrue;
  const ifFalse = operationsOf(request.ifFalse, bounds);
  if (ifFalse instanceof ClusterError) return ifFalse;
  return { kind: 'transaction', compares, ifTrue, ifFalse };
}

function operationsOf(
  operations: readonly NativeOperation[],
  bounds: Bounds,
): Operation[] | ClusterError {
  const list: Operation[] = [];
  for (const [i, operation] of operations.entries()) {
    const checked = operationOf(operation, bounds);
    if (checked instanceof ClusterError) return within(`operation ${i + 1}`, checked);
    list.push(checked);
  }
  return list;
}

function operationOf(operation: NativeOperation, bounds: Bounds): Operation | ClusterError {
  if (operation.kind !== 'get') return writeOf(operation, bounds);
  const path = checkPath(operation.path, bounds.server, 'get');
  return path instanceof ClusterError ? path : { kind: 'get', path };
}

const within = (what: string, { code, message }: ClusterError): ClusterError =>
  new ClusterError(code, `In ${what} of the transaction: ${message}`);

/** By the cluster's own limits, as the tree counts. */
function checkTransaction(
  { compares, ifTrue, ifFalse }: OfKind<'transact'>,
  { transactionOperationsMax, transactionBytesMax }: TreeLimits,
): ClusterError | null {
  const count = compares.length + ifTrue.length + ifFalse.length;
  if (count > transactionOperationsMax) {
    return new ClusterError(
      'ERR_TOO_LARGE',
      `Cannot transact ${count} compares and operations: at most ${transactionOperationsMax} go together`,
    );
  }
  let bytes = 0;
  for (const compare of compares) bytes += sizeOfCompare(compare);
  for (const operation of [...ifTrue, ...ifFalse]) bytes += sizeOfOperation(operation);
  if (bytes <= transactionBytesMax) return null;
  return new ClusterError(
    'ERR_TOO_LARGE',
    `Cannot transact ${bytes} bytes of paths and values: at most ${transactionBytesMax} go together`,
  );
}

const sizeOfCompare = (compare: NativeCompare): number =>
  compare.path.length + (compare.kind === 'value' ? compare.body.length : 0);

function sizeOfOperation(operation: NativeOperation): number {
  switch (operation.kind) {
    case 'set':
      return operation.path.length + operation.body.length;
    case 'create':
      return operation.prefix.length + operation.body.length;
    default:
      return operation.path.length;
  }
}
