import type { Asked, Operation, Told } from '../history.ts';

const shown = (body: string): string => (body.length <= 60 ? body : `${body.slice(0, 60)}...`);
const freshText = ({ at, least }: { readonly at: number | null; readonly least?: number }) =>
  at === null ? (least === undefined ? '' : ` at least ${least}`) : ` at ${at}`;

export function askedText(asked: Asked): string {
  switch (asked.kind) {
    case 'set':
      return `set ${asked.path} "${shown(asked.body)}" guard ${asked.guard}`;
    case 'delete':
      return `delete ${asked.path} guard ${asked.guard}`;
    case 'get':
    case 'stat':
    case 'list':
      return `${asked.kind} ${asked.path}${freshText(asked)}`;
    case 'walk':
      return `walk ${asked.glob}${freshText(asked)}`;
    case 'create':
      return `create ${asked.prefix} "${shown(asked.body)}"`;
    case 'count':
      return `count ${asked.path} by ${asked.delta} guard ${asked.guard}`;
    case 'transact':
      return `transact ${asked.mark}: ${JSON.stringify([asked.compares, asked.ifTrue, asked.ifFalse]).slice(0, 400)}`;
    case 'grant':
      return `grant ${asked.lengthMs} ms`;
    case 'revoke':
      return `revoke ${asked.lease}`;
    case 'renew':
      return `${asked.isQuestion ? 'ask for' : 'renew'} ${asked.lease}`;
    case 'wait':
      return `wait ${asked.glob} from ${asked.from}`;
    case 'nop':
    case 'rev':
      return asked.kind;
  }
}

export function toldText(told: Told | null): string {
  if (told === null) return 'nothing yet';
  switch (told.kind) {
    case 'wrote':
      return told.revision === null ? 'done' : `done at ${told.revision}`;
    case 'created':
      return `made ${told.path}`;
    case 'counted':
      return `counted ${told.value} at ${told.revision}`;
    case 'decided':
      return `decided ${told.succeeded} at ${told.revision}: ${JSON.stringify(told.results).slice(0, 400)}`;
    case 'granted':
      return `lease ${told.lease}`;
    case 'ended':
      return 'ended';
    case 'left':
      return told.leftMs === null ? 'no lease' : `${told.leftMs.toFixed(1)} ms left`;
    case 'value':
      return told.file === null
        ? 'no file'
        : `"${shown(told.file.body)}" of revision ${told.file.revision}`;
    case 'stat':
      return `${told.what} of revision ${told.revision}, ${told.count}`;
    case 'names':
      return `names ${told.names.join(' ')}`;
    case 'files':
      return `files ${told.files.map(({ path, revision }) => `${path}@${revision}`).join(' ')}`;
    case 'revision':
      return `revision ${told.revision}`;
    case 'event':
      return `${told.event.kind} ${told.event.path} at ${told.event.revision}`;
    case 'refused':
    case 'unknown':
      return `${told.kind} ${told.code}`;
  }
}

/** Everything a person needs to find it in the history. */
export const operationText = (operation: Operation): string => {
  const { guest, n, asked, beganAt, floor, endedAt, told, ceiling } = operation;
  return `operation ${n} of ${guest}: ${askedText(asked)} -> ${toldText(told)} (moments ${beganAt} to ${endedAt ?? '?'}, known ${floor}, applied ${ceiling})`;
};
