import { spawnSync } from 'node:child_process';
import { CannotRun } from './cannot-run.ts';

/** Runs a command to its end. @throws with what it said. */
export function run(command: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: 20_000,
  });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
}

/** @throws CannotRun unless this is root. */
export function needRoot(why: string): void {
  if (process.getuid?.() !== 0) throw new CannotRun(`needs root: ${why}`);
}

/** Whether the process that made something named after its pid is gone. */
export function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}
