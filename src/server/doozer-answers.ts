import { type ClusterError, noBytes } from '../base/index.ts';
import {
  type DoozerError,
  type DoozerResponse,
  doozerErrors,
  doozerFlags,
  emptyDoozerResponse,
} from '../protocol/doozer/index.ts';
import type { Event, File, Stat } from '../tree/index.ts';
import { type DoozerRefusal, doozerErrorOf } from './doozer-errors.ts';

/*
 * The answers of doozer's protocol, by what they hold. Each repeats the request's tag; an absent one
 * stays absent. Fields that are zero or empty are there all the same where doozerd sends them.
 */

type Tag = number | null;

export const done = (tag: Tag): DoozerResponse => ({ ...emptyDoozerResponse, tag });

export const revIs = (tag: Tag, rev: number): DoozerResponse => ({
  ...emptyDoozerResponse,
  tag,
  rev,
});

export const valueIs = (tag: Tag, value: Uint8Array): DoozerResponse => ({
  ...emptyDoozerResponse,
  tag,
  value,
});

/** GET. A missing file is no error: revision 0 and a value that is there, and empty. */
export const fileIs = (tag: Tag, file: File | null): DoozerResponse => ({
  ...emptyDoozerResponse,
  tag,
  rev: file === null ? 0 : file.changed,
  value: file === null ? noBytes : file.body,
});

/** STAT. A directory's revision is -2; what is not there has length and revision 0, and no error. */
export function statIs(tag: Tag, stat: Stat): DoozerResponse {
  switch (stat.kind) {
    case 'file':
      return { ...emptyDoozerResponse, tag, rev: stat.revision, len: stat.length };
    case 'directory':
      return { ...emptyDoozerResponse, tag, rev: directoryRev, len: stat.count };
    case 'missing':
      return { ...emptyDoozerResponse, tag, rev: 0, len: 0 };
  }
}

const directoryRev = -2;

/** GETDIR. */
export const nameIs = (tag: Tag, name: string): DoozerResponse => ({
  ...emptyDoozerResponse,
  tag,
  path: name,
});

/** WALK. */
export const matchIs = (tag: Tag, path: string, file: File): DoozerResponse => ({
  ...emptyDoozerResponse,
  tag,
  flags: doozerFlags.set,
  rev: file.changed,
  path,
  value: file.body,
});

/** WAIT. */
export const eventIs = (tag: Tag, event: Event): DoozerResponse => ({
  ...emptyDoozerResponse,
  tag,
  flags: flagsOf(event),
  rev: event.revision,
  path: event.path,
  value: event.body,
});

export const refused = (tag: Tag, refusal: DoozerRefusal): DoozerResponse => ({
  ...emptyDoozerResponse,
  tag,
  errCode: refusal.code,
  errDetail: refusal.detail,
});

export const refusedWith = (tag: Tag, name: Exclude<DoozerError, 'OTHER'>): DoozerResponse =>
  refused(tag, { code: doozerErrors[name], detail: null });

export const failed = (tag: Tag, error: ClusterError): DoozerResponse =>
  refused(tag, doozerErrorOf(error));

/** These words are doozerd's; its command line shows them. */
export const denied = (tag: Tag): DoozerResponse =>
  refused(tag, { code: doozerErrors.OTHER, detail: 'permission denied' });

function flagsOf(event: Event): number {
  switch (event.kind) {
    case 'set':
      return doozerFlags.set;
    case 'delete':
      return doozerFlags.deleted;
    case 'nop':
      return 0;
  }
}
