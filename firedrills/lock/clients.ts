// A process of clients that take one lock by turns: `node clients.js CLIENTS LENGTH_MS ADDRESS...`. Talks to the
// drill, which started it, by messages.
import { type Client, ClusterError, connect, type Lock, put } from '../../src/connect/index.ts';
import { pause } from '../support/wait.ts';
import type { FromClients, ToClients, Turn } from './messages.ts';

const [clients = 0, lengthMs = 0] = process.argv.slice(2, 4).map(Number);
const addresses = process.argv.slice(4);
const folder = '/drill/lock';
/** After a failure. */
const restMs = 20;

const stop = new AbortController();
const going = new Map<number, () => void>();

const tell = (message: FromClients): void => {
  process.send?.(message);
};
/** The same for all processes of a machine, also while one stands still. */
const steadyMs = (): number => Number(process.hrtime.bigint()) / 1e6;

process.on('message', (message: ToClients) => {
  if (message.kind === 'stop') {
    stop.abort();
    for (const go of going.values()) go();
  } else {
    going.get(message.token)?.();
  }
});
// The drill is gone.
process.on('disconnect', () => process.exit());

async function run(): Promise<void> {
  const client = await connect({ addresses, openTimeoutMs: 30_000 });
  while (!stop.signal.aborted) {
    try {
      const lock = await client.lock(folder, { lengthMs, signal: stop.signal });
      try {
        tell({ kind: 'turn', turn: await turn(client, lock) });
      } finally {
        await lock.release();
      }
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      if (stop.signal.aborted) break;
      tell({ kind: 'failed', code: error.code });
      await pause(restMs);
    }
  }
  await client.close();
}

async function turn(client: Client, lock: Lock): Promise<Turn> {
  const { token } = lock;
  const fromMs = steadyMs();
  let untilMs = fromMs;
  const certain = (): void => {
    // The time first: what is certain after it was certain at it.
    const now = steadyMs();
    if (!lock.isLost) untilMs = now;
  };
  await new Promise<void>((go) => {
    going.set(token, go);
    tell({ kind: 'took', token });
    if (stop.signal.aborted) go();
  });
  going.delete(token);
  certain();
  let write: Turn['write'] = 'failed';
  let wroteAt: number | null = null;
  try {
    const ifTrue = [put('/drill/last', String(token))] as const;
    const decision = await client.transact({ compares: [lock.guard], ifTrue });
    write = decision.succeeded ? 'done' : 'refused';
    if (decision.succeeded) wroteAt = decision.results[0].revision;
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
  }
  certain();
  return { token, fromMs, untilMs, write, wroteAt };
}

await Promise.all(Array.from({ length: clients }, run));
tell({ kind: 'stopped' });
process.disconnect();
