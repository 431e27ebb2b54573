import type { Asked, Operation, Told } from '../history.ts';

const shown = (body: string): string => (body.length <= 60 ? body : `${body.slice(0, 60)}...`);
const atText = (at: number | null): string => (at === null ? '' : ` at ${at}`);

export function askedText(asked: Asked): string {
  switch (asked.kind) {
    case 'set':
      return `set ${asked.path} "${shown(asked.body)}" guard ${asked.guard}`;
    case 'delete':
      return `delete ${asked.path} guard ${asked.guard}`;
    case 'get':
    case 'stat':
    case 'list':
      return `${asked.kind} ${asked.path}${atText(asked.at)}`;
    case 'walk':
      return `walk ${asked.glob}${atText(asked.at)}`;
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
