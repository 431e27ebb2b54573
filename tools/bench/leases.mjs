// Ephemeral files: what keeping their leases alive costs the nodes, and what happens when all who hold them are
// killed at once: how long until the last file is gone, and what others' puts take meanwhile. See
// docs/performance.md.
//
//   node tools/bench/leases.mjs [--clients 1000] [--files 10] [--length 10000] [--processes 4] [--seconds 10]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { connectTo, pause } from './nodes.mjs';
import { coresOf, leaderOf, startHelper, startPuts, startVoters, summaryOf } from './three.mjs';

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '1000' },
    files: { type: 'string', default: '10' },
    length: { type: 'string', default: '10000' },
    processes: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '10' },
  },
});
const [clients, files, lengthMs] = [values.clients, values.files, values.length].map(Number);
const [processes, seconds] = [values.processes, values.seconds].map(Number);
const print = (line) => console.log(JSON.stringify(line));
const ratio = (a, b) => Math.round((a / b) * 100) / 100;

const scratch = mkdtempSync(join(tmpdir(), 'doozer-bench-'));
const nodes = [];
const holders = [];
try {
  nodes.push(...(await startVoters(scratch, ['-hist', '1000000'])));
  const addresses = nodes.map(({ address }) => address);
  const pids = nodes.map(({ pid }) => pid);
  const leader = await leaderOf(nodes);
  const idle = await coresOf(pids, seconds * 1000);
  const share = Math.ceil(clients / processes);
  for (let i = 0; i < processes; i++) {
    const own = [...addresses.slice(i % addresses.length), ...addresses];
    holders.push(await startHelper('./lease-holders.mjs', share, files, lengthMs, i, ...own));
  }
  const kept = await coresOf(pids, seconds * 1000);
  const holding = await coresOf(
    holders.map(({ pid }) => pid),
    2000,
  );
  print({
    leases: share * processes,
    files: share * processes * files,
    leader: nodes.indexOf(leader),
    coresWithout: idle,
    coresWith: kept,
    coresForKeepAlives: ratio(sum(kept) - sum(idle), 1),
    coresOfHolders: ratio(sum(holding), 1),
  });
  await killAll(addresses);
} finally {
  await Promise.all(holders.map((holder) => holder.kill()));
  await Promise.all(nodes.map((node) => node.end()));
  rmSync(scratch, { recursive: true, force: true });
}

async function killAll(addresses) {
  const client = await connectTo(...addresses);
  const from = (await client.rev()) + 1;
  const count = await filesLeft(client);
  const deletions = client.watch('/leased/**', { from });
  const load = startPuts(addresses);
  await pause(seconds * 1000);
  const killedMs = Date.now();
  await Promise.all(holders.map((holder) => holder.kill()));
  const deletedMs = [];
  const watched = (async () => {
    for await (const { kind } of deletions) {
      if (kind === 'delete') deletedMs.push(Date.now());
      if (deletedMs.length === count) return;
    }
  })();
  while ((await client.stat('/leased')) !== null) await pause(20);
  const goneMs = Date.now();
  await watched;
  await pause(1000);
  const bins = await load.stop();
  await client.close();
  const before = summaryOf(bins, killedMs - (seconds * 1000) / 2, killedMs);
  const after = summaryOf(bins, killedMs, goneMs);
  const expiring = summaryOf(bins, (deletedMs[0] ?? killedMs) - 100, goneMs + 100);
  print({
    killed: count,
    firstGoneMs: (deletedMs[0] ?? 0) - killedMs,
    allGoneMs: goneMs - killedMs,
    lastToldMs: (deletedMs.at(-1) ?? 0) - killedMs,
  });
  print({ putsBefore: before, fromKillToGone: after, whileTheyGo: expiring });
  print({
    withinLeaseAndASecond: goneMs - killedMs <= lengthMs + 1000,
    p99FromKillToGone: ratio(after.p99Ms, before.p99Ms),
    p99WhileTheyGo: ratio(expiring.p99Ms, before.p99Ms),
  });
}

async function filesLeft(client) {
  let left = 0;
  for await (const _ of client.walk('/leased/**')) left++;
  return left;
}

function sum(numbers) {
  return numbers.reduce((total, n) => total + n, 0);
}
