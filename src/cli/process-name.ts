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
