import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Runs a program to its end, without input. */
export async function run(program: string, words: readonly string[], env: NodeJS.ProcessEnv) {
  const child = spawn(program, words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { output: '', errors: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    said.output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said.errors += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { ...said, code };
}
