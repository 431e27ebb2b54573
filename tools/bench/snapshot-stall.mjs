// Three nodes that hold many files, under puts, while they write their snapshots: the longest delay of a node's
// event loop, and the time of puts, while any of them writes one and while none does. See docs/performance.md.
//
//   node tools/bench/snapshot-stall.mjs [--files 500000] [--bytes 100] [--clients 64] [--seconds 120] [--every BYTES]
//
// --every: snapshots after so many bytes of log instead of 64 MiB, where the machine is too slow for those.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeFolder } from './folder.mjs';
import { answers, connectTo, freePort, memoryOf, pause, startNode } from './nodes.mjs';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '500000' },
    bytes: { type: 'string', default: '100' },
    clients: { type: 'string', default: '64' },
    seconds: { type: 'string', default: '120' },
    every: { type: 'string', default: '0' },
  },
});
const loadFile = fileURLToPath(new URL('./put-load.mjs', import.meta.url));
const insideFile = fileURLToPath(new URL('./inside.mjs', import.meta.url));
const warmMs = 5000;
const slotMs = 60_000;

const scratch = mkdtempSync(join(tmpdir(), 'doozer-bench-'));
const nodes = [];
try {
  const addresses = await startThree();
  const beganMs = Date.now() + warmMs;
  const puts = await loadFor(addresses, warmMs + Number(values.seconds) * 1000);
  const endedMs = Date.now();
  const windows = nodes.flatMap((node) => snapshotsIn(node.log(), beganMs));
  for (const one of windows) console.log(JSON.stringify(one));
  const bins = await Promise.all(nodes.map((node) => node.delays()));
  const during = (ms) => windows.some(({ fromMs, toMs }) => ms >= fromMs && ms - 100 <= toMs);
  const measured = ([ms]) => ms >= beganMs && ms <= endedMs;
  for (const [name, wanted] of [
    ['with', during],
    ['without', (ms) => !during(ms)],
  ]) {
    const times = puts.filter(measured).filter(([ms]) => wanted(ms));
    const delays = bins.map((of) => of.filter(measured).filter(([ms]) => wanted(ms)));
    console.log(JSON.stringify({ snapshot: name, ...summary(times, delays) }));
  }
  console.log(JSON.stringify({ memory: nodes.map(({ pid }) => memoryOf(pid)) }));
} finally {
  await Promise.all(nodes.map((node) => node.end()));
  rmSync(scratch, { recursive: true, force: true });
}

async function startThree() {
  const addresses = [];
  for (let i = 0; i < 3; i++) addresses.push(`127.0.0.1:${await freePort()}`);
  const [first, ...others] = addresses;
  const data = join(scratch, 'first');
  const [files, valueBytes] = [Number(values.files), Number(values.bytes)];
  await makeFolder({ folder: data, address: first, files, valueBytes, tail: 1000, snapshot: true });
  const nodeArgs = ['--import', insideFile];
  const env = { SNAPSHOT_EVERY_BYTES: values.every };
  nodes.push(startNode({ folder: scratch, address: first, data, nodeArgs, env }));
  await answers(nodes[0], first);
  const client = await connectTo(first);
  for (const [i, address] of others.entries()) {
    const args = ['-a', first];
    const own = join(scratch, `n${i}`);
    nodes.push(startNode({ folder: scratch, address, data: own, args, nodeArgs, env }));
    await client.set(`/ctl/cal/${i + 1}`, '', -1);
  }
  const endMs = Date.now() + slotMs;
  for (const slot of ['/ctl/cal/1', '/ctl/cal/2']) {
    while (((await client.get(slot))?.body.length ?? 0) === 0) {
      if (Date.now() > endMs) throw new Error(`${slot} stays empty`);
      await pause(100);
    }
  }
  await client.close();
  console.log(`three voters with ${files} files`);
  return addresses;
}

/** The load's own lines: [when, [ms of each put]]. */
async function loadFor(addresses, ms) {
  const words = [loadFile, values.clients, values.files, values.bytes, ...addresses];
  const load = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  const chunks = [];
  load.stdout.on('data', (chunk) => chunks.push(chunk));
  const ended = new Promise((resolve) => load.once('close', resolve));
  await Promise.race([pause(ms), ended]);
  load.stdin.end();
  const status = await ended;
  if (status !== 0) throw new Error(`the load ended with status ${status}`);
  return Buffer.concat(chunks)
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** What a node's log says of snapshots it wrote. */
function snapshotsIn(log, sinceMs) {
  return log
    .split('\n')
    .filter((line) => line.includes('"snapshot written"'))
    .map((line) => JSON.parse(line))
    .map(({ time, tookMs, ...fields }) => {
      const toMs = Date.parse(time);
      const { bytes, slices, longestSliceMs } = fields;
      return { fromMs: toMs - tookMs, toMs, tookMs, bytes, slices, longestSliceMs };
    })
    .filter(({ toMs }) => toMs >= sinceMs);
}

function summary(puts, delaysOfNodes) {
  const times = puts.flatMap(([, of]) => of).sort((a, b) => a - b);
  const at = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0;
  const worst = (place) =>
    delaysOfNodes.map((of) => tenths(Math.max(0, ...of.map((bin) => bin[place]))));
  const computed = delaysOfNodes
    .flat()
    .map((bin) => bin[2])
    .sort((a, b) => a - b);
  const binAt = (part) => tenths(computed[Math.floor(computed.length * part)] ?? 0);
  return {
    seconds: puts.length / 10,
    putsPerSecond: Math.round((times.length / puts.length) * 10),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    p999Ms: at(0.999),
    maxMs: at(1),
    longestDelayMs: worst(1),
    longestComputedMs: worst(2),
    computedOfTenthsMs: { p50: binAt(0.5), p90: binAt(0.9), p99: binAt(0.99) },
  };
}

function tenths(ms) {
  return Math.round(ms * 10) / 10;
}
