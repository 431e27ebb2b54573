/** Milliseconds in each unit Go's durations know. Both micro signs are accepted, as there. */
const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  '\u00b5s': 1e-3,
  '\u03bcs': 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** The longest time Go's durations hold: 2^63 - 1 nanoseconds, some 292 years. */
const longestMs = 2 ** 63 / 1e6;

/**
 * A duration as Go writes it (`300ms`, `1.5h`, `1m30s`, `-2s`, `0`), in milliseconds, or `null`.
 *
 * @see https://pkg.go.dev/time#ParseDuration
 */
export function parseDuration(text: string): number | null {
  const sign = text.startsWith('-') ? -1 : 1;
  const rest = text.replace(/^[+-]/, '');
  if (rest === '0') return 0;
  if (rest === '') return null;
  const part = /([0-9]*)(?:\.([0-9]*))?(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/y;
  let ms = 0;
  while (part.lastIndex < rest.length) {
    const match = part.exec(rest);
    if (match === null) return null;
    const [, whole = '', fraction = '', unit = ''] = match;
    if (whole === '' && fraction === '') return null;
    ms += Number(`${whole || '0'}.${fraction || '0'}`) * (unitMs[unit] ?? Number.NaN);
  }
  return ms < longestMs ? sign * ms : null;
}

/** `ms` for people: `5 s`, `1.5 s`, `250 ms`. */
export const durationText = (ms: number): string => (ms >= 1000 ? `${ms / 1000} s` : `${ms} ms`);
