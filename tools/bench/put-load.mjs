// A closed loop of puts over many connections, for measurements. Prints one line of JSON for every tenth of a
// second, until its standard input ends: when it began, and how long each put took that ended in it.
//
//   node tools/bench/put-load.mjs CLIENTS FILES BYTES ADDRESS...
import { performance } from 'node:perf_hooks';
import { connect } from '../../dist/src/connect/index.js';
import { bodyOf, pathOf } from './folder.mjs';

const [clients, files, valueBytes] = process.argv.slice(2, 5).map(Number);
const addresses = process.argv.slice(5);
const everyMs = 100;
const now = () => performance.timeOrigin + performance.now();
let tookMs = [];
let n = 0;
let stopped = false;

async function run(place) {
  const own = [...addresses.slice(place % addresses.length), ...addresses];
  const client = await connect({ addresses: own, openTimeoutMs: 10_000 });
  while (!stopped) {
    const file = (n++ * 7919) % files;
    const beganMs = now();
    await client.set(pathOf(file), bodyOf(n, valueBytes), -1);
    tookMs.push(now() - beganMs);
  }
  await client.close();
}

const timer = setInterval(() => {
  console.log(JSON.stringify([Math.round(now()), tookMs.map((ms) => Math.round(ms * 100) / 100)]));
  tookMs = [];
}, everyMs);
process.stdin.on('end', () => {
  stopped = true;
});
process.stdin.resume();
await Promise.all(Array.from({ length: clients }, (_, place) => run(place)));
clearInterval(timer);
