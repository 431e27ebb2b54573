/** Revisions are safe whole numbers: 16 digits hold each of them, and sort as they count. */
const suffixDigits = 16;

/** The name of a file that is created at `revision` under `prefix`; perhaps no path, if that is none. */
export const sequencePath = (prefix: string, revision: number): string =>
  `${prefix}${String(revision).padStart(suffixDigits, '0')}`;
