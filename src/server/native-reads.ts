import {
  AssertionError,
  assert,
  ClusterError,
  limits,
  must,
  noBytes,
  noLease,
  noRevision,
} from '../base/index.ts';
import { compileGlob, type Path, parsePath } from '../paths/index.ts';
import type { NativeFile, NativeReply, NativeRequest } from '../protocol/client/index.ts';
import {
  type Cursors,
  childAt,
  fileAt,
  isDirectory,
  leaseKey,
  matchAt,
  type Stat,
  stat,
  type View,
} from '../tree/index.ts';

type OfKind<Kind extends NativeRequest['kind']> = Extract<NativeRequest, { readonly kind: Kind }>;

/**
 * What a read finds in `view`. A path that cannot be is simply not there. `ageMs`: how old the view may
 * be, for a read that takes what there is.
 */
export function readReply(
  request: NativeRequest,
  view: View,
  cursors: Cursors,
  ageMs: number | null,
): NativeReply | ClusterError {
  const { tag } = request;
  const at = view.revision;
  switch (request.kind) {
    case 'get':
      return value(tag, view, request.path, ageMs);
    case 'stat':
      return statReply(tag, view, request.path, ageMs);
    case 'list':
      return names(request, view, cursors, ageMs);
    case 'walk':
      return files(request, view, cursors, ageMs);
    case 'lease':
      return leaseFiles(request, view);
    case 'rev':
      return { kind: 'revision', tag, revision: at };
    default:
      throw new AssertionError(`only reads are answered from a view, not ${request.kind}`);
  }
}

function value(
  tag: number,
  view: View,
  text: string,
  ageMs: number | null,
): NativeReply | ClusterError {
  const path = parsePath(text);
  if (path !== null && isDirectory(view, path)) {
    return new ClusterError('ERR_IS_DIRECTORY', `Cannot get "${path}": it is a directory`);
  }
  const file = path === null ? null : fileAt(view, path);
  return {
    kind: 'value',
    tag,
    at: view.revision,
    revision: file?.changed ?? noRevision,
    body: file?.body ?? noBytes,
    created: file?.created ?? noRevision,
    lease: file?.lease ?? noLease,
    ageMs,
  };
}

function statReply(tag: number, view: View, text: string, ageMs: number | null): NativeReply {
  const path = parsePath(text);
  const found = path === null ? ({ kind: 'missing' } as const) : stat(view, path);
  const file = path === null || found.kind !== 'file' ? null : fileAt(view, path);
  return {
    kind: 'stat',
    tag,
    at: view.revision,
    what: found.kind,
    revision: file?.changed ?? noRevision,
    count: countOf(found),
    created: file?.created ?? noRevision,
    lease: file?.lease ?? noLease,
    ageMs,
  };
}

function countOf(found: Stat): number {
  switch (found.kind) {
    case 'file':
      return found.length;
    case 'directory':
      return found.count;
    case 'missing':
      return 0;
  }
}

function names(
  request: OfKind<'list'>,
  view: View,
  cursors: Cursors,
  ageMs: number | null,
): NativeReply | ClusterError {
  const wrong = wrongPage(request);
  if (wrong !== null) return wrong;
  const path = parsePath(request.path);
  const found = path === null ? ({ kind: 'missing' } as const) : stat(view, path);
  if (path === null || found.kind === 'missing') {
    return new ClusterError('ERR_NO_ENTRY', 'Cannot list: there is no such directory');
  }
  if (found.kind === 'file') {
    return new ClusterError('ERR_NOT_DIRECTORY', `Cannot list "${path}": it is a file`);
  }
  const count = Math.min(
    request.limit,
    limits.pageEntriesMax,
    Math.max(found.count - request.offset, 0),
  );
  const list: string[] = [];
  let bytes = 0;
  while (list.length < count && bytes < limits.batchBytesMax) {
    const name = nameAt(view, path, request.offset + list.length, cursors);
    list.push(name);
    bytes += name.length;
  }
  const more = request.offset + list.length < found.count;
  return { kind: 'names', tag: request.tag, at: view.revision, names: list, more, ageMs };
}

function nameAt(view: View, path: Path, offset: number, cursors: Cursors): string {
  const child = childAt(view, path, offset, cursors);
  assert(child.kind === 'name', 'a directory has as many names as it counts');
  return child.name;
}

function files(
  request: OfKind<'walk'>,
  view: View,
  cursors: Cursors,
  ageMs: number | null,
): NativeReply | ClusterError {
  const wrong = wrongPage(request);
  if (wrong !== null) return wrong;
  const glob = must(compileGlob(request.glob), 'the glob of a walk was checked');
  const most = Math.min(request.limit, limits.pageEntriesMax);
  const list: NativeFile[] = [];
  let bytes = 0;
  let next = matchAt(view, glob, request.offset, cursors);
  // At least one file, however large: a value always fits a frame.
  while (
    next !== null &&
    list.length < most &&
    (list.length === 0 || bytes < limits.batchBytesMax)
  ) {
    const { path, file } = next;
    const { body, changed, created, lease } = file;
    list.push({ path, body, revision: changed, created, lease });
    bytes += path.length + file.body.length;
    next = matchAt(view, glob, request.offset + list.length, cursors);
  }
  const more = next !== null;
  return { kind: 'files', tag: request.tag, at: view.revision, files: list, more, ageMs };
}

/** A lease's files, in walk order. Counted through from the first: they are bounded, and few. */
function leaseFiles(request: OfKind<'lease'>, view: View): NativeReply | ClusterError {
  const wrong = wrongPage(request);
  if (wrong !== null) return wrong;
  const { tag, offset } = request;
  const lease = view.leases.get(leaseKey(request.lease));
  if (lease === undefined) {
    return new ClusterError(
      'ERR_NO_LEASE',
      `Lease ${request.lease} is not there: it ended, or never was`,
    );
  }
  const most = Math.min(request.limit, limits.pageEntriesMax);
  const paths: string[] = [];
  let bytes = 0;
  let at = 0;
  for (const [path] of lease.files.entries()) {
    if (at++ < offset) continue;
    if (paths.length === most || bytes >= limits.batchBytesMax) break;
    paths.push(path);
    bytes += path.length;
  }
  const more = offset + paths.length < lease.files.size;
  return { kind: 'leaseFiles', tag, at: view.revision, lengthMs: lease.lengthMs, paths, more };
}

function wrongPage({ offset, limit }: { offset: number; limit: number }): ClusterError | null {
  if (offset < 0) return new ClusterError('ERR_RANGE', `Cannot begin at offset ${offset}`);
  if (limit < 1) return new ClusterError('ERR_BAD_ARGUMENT', `A page of ${limit} entries is empty`);
  return null;
}
