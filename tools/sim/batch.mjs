// Many seeds on all cores.
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const worker = fileURLToPath(new URL('worker.mjs', import.meta.url));

/**
 * Runs seeds from `from` on, in lots, until `mayGoOn` says no.
 *
 * @param {{ dist?: string, from: number, lot?: number, workers?: number, stopAtFirst?: boolean,
 *   mayGoOn: (next: number) => boolean, told: (result: object) => void }} options
 */
export async function batch({
  dist = 'dist',
  from,
  lot = 20,
  workers,
  stopAtFirst,
  mayGoOn,
  told,
}) {
  let next = from;
  const seats = workers ?? availableParallelism();
  const seat = () =>
    new Promise((done, fail) => {
      const child = fork(worker, [dist], { execArgv: ['--max-semi-space-size=32'] });
      const goOn = () => {
        const count = Math.min(lot, mayGoOn(next));
        if (count <= 0) return child.disconnect();
        child.send({ from: next, count, stopAtFirst });
        next += count;
      };
      child.on('message', (message) => {
        if (message !== 'ready') told(message);
        goOn();
      });
      child.on('error', fail);
      child.on('exit', (code) => {
        if (code === 0) done();
        else fail(new Error(`a worker ended with status ${code}`));
      });
    });
  await Promise.all(Array.from({ length: seats }, seat));
  return next;
}
