import { type Client, ClusterError, connect, oldestRevision } from '../../../src/connect/index.ts';
import { changeOf } from './load.ts';
import type { Change, FinalState } from './types.ts';

const withinMs = 60_000;
const attempts = 5;

/**
 * The history and the files as the node at `address` has them, from `baseline` or the oldest revision it
 * remembers to `newest`.
 *
 * @throws when that node alone would not tell all of it.
 */
export async function readFinal(
  address: string,
  baseline: number,
  newest: number,
): Promise<FinalState> {
  let last: unknown = null;
  for (let i = 0; i < attempts; i++) {
    const client = await connect({ addresses: [address], openTimeoutMs: 10_000 });
    try {
      // The library may go on with another node. Then this was not what it should be.
      const node = await client.self();
      const { oldest, changes } = await history(client, baseline, newest);
      const files = [];
      for await (const file of client.walk('/**', { revision: newest })) {
        files.push(changeOf({ kind: 'set', ...file }));
      }
      const isSame = (await client.status()).address === address && (await client.self()) === node;
      if (isSame) return { node, oldest, newest, changes, files, whole: oldest <= baseline };
      last = new Error('another node answered');
    } catch (error) {
      last = error;
    } finally {
      await client.close();
    }
  }
  const reason = last instanceof Error ? last.message : String(last);
  throw new Error(`${address} did not tell its history: ${reason}`);
}

async function history(
  client: Client,
  from: number,
  newest: number,
): Promise<{ oldest: number; changes: Change[] }> {
  const changes: Change[] = [];
  try {
    const signal = AbortSignal.timeout(withinMs);
    for await (const event of client.watch('/**', { from, signal })) {
      if (event.revision <= newest) changes.push(changeOf(event));
      if (event.revision >= newest) return { oldest: from, changes };
    }
  } catch (error) {
    const oldest = error instanceof ClusterError ? oldestRevision(error) : null;
    if (oldest === null || oldest <= from) throw error;
    return history(client, oldest, newest);
  }
  throw new Error(
    `no revision ${newest} within ${withinMs} ms; the last was ${changes.at(-1)?.revision}`,
  );
}
