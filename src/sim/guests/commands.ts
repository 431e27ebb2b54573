import { type LeaseId, utf8 } from '../../base/index.ts';
import { type Path, parsePath } from '../../paths/index.ts';
import type { Command, Compare, Operation, Write } from '../../tree/index.ts';
import type { Asked, AskedCompare, AskedOperation, AskedWrite } from '../history.ts';

/** What is asked for as it stands in an entry; `null`: it is no command. */
export function commandOf(asked: Asked): Command | null {
  switch (asked.kind) {
    case 'set':
    case 'delete':
    case 'create':
    case 'count':
      return writeOf(asked);
    case 'nop':
      return asked;
    case 'transact':
      return {
        kind: 'transaction',
        compares: asked.compares.map(compareOf),
        ifTrue: asked.ifTrue.map(operationOf),
        ifFalse: asked.ifFalse.map(operationOf),
      };
    case 'grant':
      return { kind: 'grant', lengthMs: asked.lengthMs, window: 0 };
    case 'revoke':
      return { kind: 'revoke', lease: asked.lease as LeaseId };
    default:
      return null;
  }
}

function pathOf(text: string): Path {
  const path = parsePath(text);
  if (path === null) throw new TypeError(`guests ask for paths, not ${text}`);
  return path;
}

function writeOf(asked: AskedWrite): Write {
  switch (asked.kind) {
    case 'set': {
      const lease = (asked.lease ?? 0) as LeaseId;
      const { guard } = asked;
      return { kind: 'set', path: pathOf(asked.path), body: utf8(asked.body), guard, lease };
    }
    case 'delete':
      return { kind: 'delete', path: pathOf(asked.path), guard: asked.guard };
    case 'create': {
      const lease = (asked.lease ?? 0) as LeaseId;
      return { kind: 'create', prefix: asked.prefix, body: utf8(asked.body), lease };
    }
    case 'count':
      return { ...asked, path: pathOf(asked.path) };
  }
}

const operationOf = (asked: AskedOperation): Operation =>
  asked.kind === 'get' ? { kind: 'get', path: pathOf(asked.path) } : writeOf(asked);

function compareOf(asked: AskedCompare): Compare {
  const path = pathOf(asked.path);
  switch (asked.kind) {
    case 'value':
      return { ...asked, path, body: utf8(asked.body) };
    case 'lease':
      return { ...asked, path, lease: asked.lease as LeaseId };
    case 'exists':
      return { ...asked, path };
    default:
      return { ...asked, path };
  }
}
