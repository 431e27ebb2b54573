// Runs several command lines side by side, as many at a time as there are CPUs, and shows each one's
// output when it has ended. `node tools/run-all.mjs "tsc -p a" "tsc -p b"`
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { top } from './files.mjs';

const path = [join(top, 'node_modules', '.bin'), process.env.PATH].join(delimiter);

/** Runs one command line in the top folder; resolves with its exit code and all it said. */
function runOne(command) {
  return new Promise((resolve) => {
    const began = performance.now();
    const child = spawn(command, { cwd: top, shell: true, env: { ...process.env, PATH: path } });
    const said = [];
    child.stdout.on('data', (chunk) => said.push(chunk));
    child.stderr.on('data', (chunk) => said.push(chunk));
    child.on('error', (error) => said.push(Buffer.from(`${error.message}\n`)));
    child.on('close', (code) => {
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      resolve({ code: code ?? 1, said: Buffer.concat(said).toString(), seconds });
    });
  });
}

/**
 * Runs named command lines side by side and shows what they said, each whole.
 *
 * @param {readonly { name: string, command: string }[]} jobs
 * @returns {Promise<string[]>} the names of those that failed
 */
export async function runAll(jobs) {
  const waiting = [...jobs];
  const failed = [];
  const worker = async () => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      const { code, said, seconds } = await runOne(job.command);
      if (code !== 0) failed.push(job.name);
      console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${job.name} (${seconds} s)`);
      if (said.trim() !== '' && (code !== 0 || !process.env.CHECK_BRIEF))
        console.log(said.trimEnd());
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs.length, availableParallelism()) }, worker));
  return failed;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const jobs = process.argv.slice(2).map((command) => ({ name: command, command }));
  const failed = await runAll(jobs);
  process.exitCode = failed.length > 0 ? 1 : 0;
}
