import { ClusterError } from '../base/index.ts';

export type Damage = {
  readonly file: string;
  /** Byte in the file. */
  readonly offset: number;
  readonly expected: string;
  readonly found: string;
};

const setAside =
  'set the data folder aside and attach this node as a new one, or restore the folder whole';

const runThatRelease = 'run the release that wrote it, or a later one';

/** What a node must do that does not know any more what it promised, or what it held. */
export const comeBackAsNew =
  'it must not come back under its id: set the data folder aside and attach this node as a new one';

/**
 * Something in the folder is not what was written there. `isLost`: nothing here makes good for it, so
 * the node can only come back under another id; otherwise a person has to look first.
 */
export class CorruptError extends ClusterError {
  readonly damage: Damage;
  readonly advice: string;
  readonly isLost: boolean;

  constructor(damage: Damage, advice: string, isLost: boolean, options?: ErrorOptions) {
    const { file, offset, expected, found } = damage;
    const message = `Cannot read "${file}" at byte ${offset}: expected ${expected}, found ${found}; ${advice}`;
    super('ERR_DISK_CORRUPT', message, options);
    this.damage = damage;
    this.advice = advice;
    this.isLost = isLost;
  }

  /** A later release wrote it: nothing is damaged. */
  get isLaterRelease(): boolean {
    return isLaterRelease(this.damage);
  }
}

/** What a damaged file means for this node, and what its operator can do. */
export function corrupt(damage: Damage, advice: string = setAside, cause?: unknown): CorruptError {
  const told = isLaterRelease(damage) ? runThatRelease : advice;
  return new CorruptError(damage, told, false, cause === undefined ? {} : { cause });
}

/** The same, where nothing is left to make good for it. `what`: what is lost, in words. */
export function lost(damage: Damage, what: string): CorruptError {
  if (isLaterRelease(damage)) return corrupt(damage);
  return new CorruptError(damage, `${what}, so ${comeBackAsNew}`, true);
}

/** How a version is told of that this release does not know; the bytes are sound. */
export const laterVersion = (version: number): string =>
  `format version ${version}, which this release does not know`;

/** A later release was here: nothing is lost, and nothing may be set aside for it. */
export const isLaterRelease = ({ found }: Damage): boolean =>
  found.includes('which this release does not know');

/** Did recovery find that this folder's node can only come back under another id? */
export const isLost = (error: unknown): boolean => error instanceof CorruptError && error.isLost;
