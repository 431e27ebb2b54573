// Watches that nobody reads: `node tools/bench/watchers.mjs WATCHES CLIENTS all|own ADDRESS`. `all`: each of all that puts
// change; `own`: each of a file of its own, the first of one that changes. Says `ready` when the node has them all.
import { connect } from '../../dist/src/connect/index.js';
import { pathOf } from './folder.mjs';

const [watches, clients] = process.argv.slice(2, 4).map(Number);
const [mode, address] = process.argv.slice(4);
const open = [];
for (let i = 0; i < clients; i++) {
  const client = await connect({ addresses: [address], openTimeoutMs: 60_000 });
  const from = (await client.rev()) + 1;
  for (let n = i; n < watches; n += clients) {
    const own = n === 0 ? pathOf(0) : `/watched/${n}`;
    open.push(client.watch(mode === 'all' ? '/bench/**' : own, { from }));
  }
  // Answered behind them.
  await client.rev();
}
console.log('ready');
process.stdin.on('end', () => process.exit());
process.stdin.resume();
