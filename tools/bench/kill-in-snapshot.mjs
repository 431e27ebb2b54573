// Kills a lone node (SIGKILL) while it writes a snapshot, at random moments, and opens its folder again: every
// acknowledged write must be there, and every other file. Fails if one is not. See docs/performance.md.
//
//   node tools/bench/kill-in-snapshot.mjs [--kills 10] [--files 300000] [--every 4000000]
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeFolder, pathOf } from './folder.mjs';
import { answers, connectTo, freePort, pause, startNode } from './nodes.mjs';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '10' },
    files: { type: 'string', default: '300000' },
    every: { type: 'string', default: '4000000' },
  },
});
const files = Number(values.files);
const writers = 32;
const valueBytes = 100;
const waitMs = 120_000;

const scratch = mkdtempSync(join(tmpdir(), 'doozer-bench-'));
const data = join(scratch, 'data');
const draft = join(data, 'snapshots', 'next.part');
const insideFile = fileURLToPath(new URL('./inside.mjs', import.meta.url));
/** By key: the last number sent, and the last one acknowledged. */
const sent = Array.from({ length: writers }, () => 0);
const acknowledged = Array.from({ length: writers }, () => 0);
let node = null;
let killing = false;
try {
  const address = `127.0.0.1:${await freePort()}`;
  await makeFolder({ folder: data, address, files, valueBytes, tail: 1000, snapshot: true });
  for (let kill = 1; kill <= Number(values.kills); kill++) {
    node = start(address);
    await answers(node, address);
    await check(address);
    killing = false;
    const clients = await Promise.all(sent.map(() => connectTo(address)));
    const load = writeUntilGone(clients);
    const [afterMs] = await Promise.all([untilKilled(), load]);
    const left = existsSync(draft);
    console.log(
      JSON.stringify({ kill, afterMs, draftLeft: left, acknowledged: sum(acknowledged) }),
    );
  }
  node = start(address);
  const beganMs = performance.now();
  await answers(node, address);
  await check(address);
  const tookMs = Math.round(performance.now() - beganMs);
  console.log(
    `opened ${values.kills} times after a kill; nothing is missing (last check: ${tookMs} ms)`,
  );
} catch (error) {
  console.error(node?.log().slice(-4000));
  throw error;
} finally {
  await node?.kill();
  rmSync(scratch, { recursive: true, force: true });
}

function start(address) {
  const nodeArgs = ['--import', insideFile];
  const env = { SNAPSHOT_EVERY_BYTES: values.every };
  return startNode({ folder: scratch, address, data, nodeArgs, env });
}

/** Waits for a draft, and then for a random moment of the time that writing it takes. */
async function untilKilled() {
  const endMs = performance.now() + waitMs;
  while (!existsSync(draft)) {
    if (performance.now() > endMs || !node.isRunning()) throw new Error('no snapshot was begun');
    await pause(1);
  }
  const afterMs = Math.round(Math.random() ** 2 * 1500);
  await pause(afterMs);
  killing = true;
  await node.kill();
  return afterMs;
}

async function writeUntilGone(clients) {
  const writing = clients.map(async (client, key) => {
    try {
      while (!killing) {
        sent[key]++;
        const n = sent[key];
        const body = `${n}:`.padEnd(valueBytes, 'x');
        await client.set(`/written/by-${key}`, body, -1, { timeoutMs: 1000 });
        acknowledged[key] = n;
      }
    } catch (error) {
      if (!killing) throw error;
    } finally {
      await client.close();
    }
  });
  await Promise.all(writing);
}

async function check(address) {
  const client = await connectTo(address);
  for (const [key, least] of acknowledged.entries()) {
    const file = await client.get(`/written/by-${key}`);
    const n = file === null ? 0 : Number.parseInt(Buffer.from(file.body).toString(), 10);
    if (n < least) throw new Error(`by-${key} is ${n}, but ${least} was acknowledged`);
    if (n > sent[key]) throw new Error(`by-${key} is ${n}, but only ${sent[key]} was sent`);
  }
  for (let n = 0; n < files; n += 1000) {
    const folder = pathOf(n).slice(0, pathOf(n).lastIndexOf('/'));
    const { count } = (await client.stat(folder)) ?? {};
    if (count !== Math.min(1000, files - n)) throw new Error(`${folder} holds ${count} names`);
  }
  await client.close();
}

function sum(numbers) {
  return numbers.reduce((total, n) => total + n, 0);
}
