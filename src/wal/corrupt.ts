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

/** What a damaged file means for this node, and what its operator can do. */
export function corrupt(damage: Damage, advice: string = setAside, cause?: unknown): ClusterError {
  const { file, offset, expected, found } = damage;
  return new ClusterError(
    'ERR_DISK_CORRUPT',
    `Cannot read "${file}" at byte ${offset}: expected ${expected}, found ${found}; ${advice}`,
    cause === undefined ? {} : { cause },
  );
}
