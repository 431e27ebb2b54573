import { textOf, unreachable } from '../base/index.ts';
import type { Event, OperationResult, Reply } from './types.ts';

/** `event set /a @3`, in the words of scenarios, logs and the simulator. */
export const describeEvent = ({ kind, path, revision }: Event): string =>
  `event ${kind} ${path} @${revision}`;

/** `applied revision=3`, or `refused ERR_REV_MISMATCH revision=3`. */
export function describeReply(reply: Reply): string {
  const { kind, revision } = reply;
  switch (kind) {
    case 'applied':
      return `applied revision=${revision}`;
    case 'counted':
      return `counted ${reply.value} revision=${revision}`;
    case 'granted':
      return `granted ${reply.lease} revision=${revision}`;
    case 'decided':
      return `decided ${reply.succeeded ? 'then' : 'else'} [${reply.results.map(describeResult).join(' ')}] revision=${revision}`;
    case 'refused':
      return `refused ${reply.code} revision=${revision}`;
    default:
      return unreachable(kind);
  }
}

function describeResult(result: OperationResult): string {
  if (result.kind === 'written') return `@${result.revision}`;
  if (result.kind === 'counted') return `${result.value}@${result.revision}`;
  return result.file === null ? 'missing' : `${textOf(result.file.body)}@${result.file.changed}`;
}
