import { writeFileSync } from 'node:fs';

/**
 * Names this process for `killall` and `top`, as far as the system can. `process.title` would do it too,
 * and overwrite the arguments that `ps` shows.
 */
export function nameProcess(name: 'doozer' | 'doozerd'): void {
  if (process.platform !== 'linux') return;
  try {
    writeFileSync('/proc/self/comm', name);
  } catch {
    // A name is a convenience: a system without /proc does without.
  }
}

/** `text` without what stands after `sk=` in a URI: for whatever a person or another process may see. */
export const withoutSecrets = (text: string): string =>
  text.replaceAll(/(sk=)[^&;\s"']+/gi, '$1***');

/**
 * Takes secrets out of the arguments that other users see in `ps`. They stand there from the start of the process until
 * now: who cannot have that gives them in the environment.
 */
export function hideSecrets(): void {
  const shown = [...process.execArgv, ...process.argv.slice(1)];
  if (shown.every((word) => withoutSecrets(word) === word)) return;
  // Longer than before it would be cut, and the rest of the old one is wiped.
  process.title = [process.argv0, ...shown.map(withoutSecrets)].join(' ');
}
