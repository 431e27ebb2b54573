import { ClusterError } from '../base/index.ts';
import { compileGlob, type Glob, type Path, parsePath, sequencePath } from '../paths/index.ts';
import type { ServerLimits } from './guest.ts';

/*
 * What is checked of a request before anything is asked of the node, once for both protocols. The
 * answers are values: a refusal is ordinary work.
 */

/** A path that is to be written, or stands in a transaction. Refused here it takes no revision. */
export function checkPath(
  text: string,
  bounds: ServerLimits,
  action = 'write',
): Path | ClusterError {
  const path = parsePath(text);
  if (path === null) return badPath(text, action);
  // A path holds ASCII alone, so that its length is its bytes.
  if (path.length > bounds.pathBytesMax) return pathTooLong(text, bounds);
  return path;
}

/** What a path may begin with. `null`: it may. */
export function checkPrefix(text: string, bounds: ServerLimits): ClusterError | null {
  // Whatever the revision will be, its digits are as many.
  const path = sequencePath(text, 0);
  if (parsePath(path) === null) return badPath(text, 'create');
  return path.length > bounds.pathBytesMax ? pathTooLong(path, bounds) : null;
}

export function checkGlob(text: string, bounds: ServerLimits): Glob | ClusterError {
  // Length first: matching costs pattern times path, and the pattern comes back in the message.
  if (text.length > bounds.pathBytesMax) return pathTooLong(text, bounds);
  // These words are doozerd's; clients may look for them.
  return compileGlob(text) ?? new ClusterError('ERR_BAD_GLOB', `invalid glob pattern: ${text}`);
}

/** `null`: it fits. */
export function checkBody(
  path: string,
  body: Uint8Array,
  bounds: ServerLimits,
): ClusterError | null {
  if (body.length <= bounds.valueBytesMax) return null;
  return new ClusterError(
    'ERR_TOO_LARGE',
    `Cannot set "${path}": a value has at most ${bounds.valueBytesMax} bytes, this one ${body.length}`,
  );
}

const badPath = (text: string, action: string): ClusterError =>
  new ClusterError(
    'ERR_BAD_PATH',
    `Cannot ${action} "${shown(text)}": a path is "/" or names of letters, digits and ". - _ : @ + = ~ ,", each after one "/"`,
  );

const pathTooLong = (text: string, bounds: ServerLimits): ClusterError =>
  new ClusterError(
    'ERR_TOO_LARGE',
    `Cannot take "${shown(text)}": a path has at most ${bounds.pathBytesMax} bytes, this one ${text.length}`,
  );

/** Text from a guest as it may stand in a message. */
const shown = (text: string): string => (text.length <= 80 ? text : `${text.slice(0, 80)}...`);
