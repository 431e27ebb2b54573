// Many clients in one process, each with a lease and files on it: `node tools/bench/lease-holders.mjs CLIENTS FILES
// LENGTH_MS NAME ADDRESS...`. Says `ready` when all files are there, and keeps its leases alive until it is killed.
import { connect } from '../../dist/src/connect/index.js';

const [clients, files, lengthMs] = process.argv.slice(2, 5).map(Number);
const name = process.argv[5];
const addresses = process.argv.slice(6);
const atOnce = 25;

async function hold(place) {
  const client = await connect({ addresses, openTimeoutMs: 60_000, requestTimeoutMs: 60_000 });
  const lease = await client.grant(lengthMs);
  lease.lost.addEventListener('abort', () =>
    console.error(`${name}: ${lease.lost.reason.message}`),
  );
  for (let file = 0; file < files; file++) {
    await client.set(`/leased/${name}-${place}/${file}`, 'x', -1, { lease });
  }
}

for (let place = 0; place < clients; place += atOnce) {
  const some = Math.min(atOnce, clients - place);
  await Promise.all(Array.from({ length: some }, (_, i) => hold(place + i)));
}
console.log('ready');
process.stdin.on('end', () => process.exit());
process.stdin.resume();
