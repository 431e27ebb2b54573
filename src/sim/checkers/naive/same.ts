import { sameBytes } from '../../../base/index.ts';
import type { Reply } from '../../../tree/index.ts';

type Results = Extract<Reply, { kind: 'decided' }>['results'];

/** Whether two answers say the same; why something was refused may be said in other words. */
export function sameReply(a: Reply, b: Reply): boolean {
  if (a.revision !== b.revision) return false;
  switch (a.kind) {
    case 'applied':
      return b.kind === 'applied';
    case 'counted':
      return b.kind === 'counted' && a.value === b.value;
    case 'granted':
      return b.kind === 'granted' && a.lease === b.lease;
    case 'refused':
      return b.kind === 'refused' && a.code === b.code;
    case 'decided':
      return (
        b.kind === 'decided' && a.succeeded === b.succeeded && sameResults(a.results, b.results)
      );
  }
}

const sameResults = (a: Results, b: Results): boolean =>
  a.length === b.length &&
  a.every((result, i) => {
    const other = b[i];
    switch (result.kind) {
      case 'written':
        return other?.kind === 'written' && other.revision === result.revision;
      case 'counted':
        return (
          other?.kind === 'counted' &&
          other.revision === result.revision &&
          other.value === result.value
        );
      case 'read': {
        if (other?.kind !== 'read') return false;
        const x = result.file;
        const y = other.file;
        if (x === null || y === null) return x === y;
        return (
          x.changed === y.changed &&
          x.created === y.created &&
          x.lease === y.lease &&
          sameBytes(x.body, y.body)
        );
      }
      default:
        return false;
    }
  });
