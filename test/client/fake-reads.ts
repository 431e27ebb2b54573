import { type ErrorCode, noLease, revision, utf8 } from '../../src/base/index.ts';
import { compileGlob } from '../../src/paths/index.ts';
import type { NativeReply, NativeRequest } from '../../src/protocol/client/index.ts';
import type { FakeNode, Outcome } from './fake-cluster.ts';

type ReadRequest = Extract<NativeRequest, { kind: 'get' | 'stat' | 'list' | 'walk' }>;

const unknownOrigin = { created: revision(0), lease: noLease, ageMs: null };

/** What a made-up node answers to a read, from the history of its cluster. */
export function readReply(
  node: FakeNode,
  request: ReadRequest,
  refuse: (what: ErrorCode | Partial<Outcome>) => NativeReply,
): NativeReply {
  const { tag } = request;
  const rev = request.rev ?? node.revision;
  const { oldest } = node.cluster;
  if (request.rev !== null && rev < oldest) {
    return refuse({ code: 'ERR_COMPACTED', oldest: revision(oldest) });
  }
  const at = revision(rev);
  const files = node.cluster.filesAt(rev);
  if (request.kind === 'walk') {
    const glob = compileGlob(request.glob);
    if (glob === null) {
      return refuse({
        code: 'ERR_BAD_GLOB',
        detail: `invalid glob pattern: ${request.glob}`,
      });
    }
    const all = [...files].filter(([path]) => glob.matches(path as never)).sort(byWalkOrder);
    const page = all.slice(request.offset, request.offset + request.limit);
    const more = all.length > request.offset + page.length;
    return {
      kind: 'files',
      tag,
      at,
      more,
      files: page.map(([path, file]) => ({
        path,
        body: file.body,
        revision: revision(file.revision),
        created: revision(file.revision),
        lease: noLease,
      })),
      ageMs: null,
    };
  }
  const { path } = request;
  const file = files.get(path);
  const folder = path === '/' ? '/' : `${path}/`;
  const below = [...files.keys()].filter((known) => known.startsWith(folder));
  const names = [...new Set(below.map((known) => known.slice(folder.length).split('/')[0] ?? ''))];
  if (request.kind === 'get') {
    if (below.length > 0 || path === '/') return refuse('ERR_IS_DIRECTORY');
    return {
      kind: 'value',
      tag,
      at,
      revision: revision(file?.revision ?? 0),
      body: file?.body ?? utf8(''),
      ...unknownOrigin,
    };
  }
  if (request.kind === 'stat') {
    const what = below.length > 0 || path === '/' ? 'directory' : file ? 'file' : 'missing';
    const count = what === 'directory' ? names.length : (file?.body.length ?? 0);
    return {
      kind: 'stat',
      tag,
      at,
      what,
      revision: revision(file?.revision ?? 0),
      count,
      ...unknownOrigin,
    };
  }
  if (file !== undefined) return refuse('ERR_NOT_DIRECTORY');
  if (below.length === 0 && path !== '/') return refuse('ERR_NO_ENTRY');
  const page = names.sort().slice(request.offset, request.offset + request.limit);
  return {
    kind: 'names',
    tag,
    at,
    names: page,
    more: names.length > request.offset + page.length,
    ageMs: null,
  };
}

/** Depth first, names by their bytes: not the order of whole paths, since `-` and `.` sort before `/`. */
function byWalkOrder([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  const [left, right] = [a.replaceAll('/', '\0'), b.replaceAll('/', '\0')];
  return left < right ? -1 : left > right ? 1 : 0;
}
