// Three voters on loopback, a load of puts beside them, and what each costs. For the scripts of this folder.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { answers, connectTo, freePort, pause, startNode } from './nodes.mjs';

const loadFile = fileURLToPath(new URL('./put-load.mjs', import.meta.url));
const slotMs = 60_000;
/** The kernel's unit for processor time. */
const jiffiesPerSecond = 100;

/** @param more  Flags for every node. @returns nodes with their addresses, the first one first. */
export async function startVoters(scratch, more = [], count = 3) {
  const nodes = [];
  for (let i = 0; i < count; i++) {
    const address = `127.0.0.1:${await freePort()}`;
    const args = [...more, ...(i === 0 ? [] : ['-a', nodes[0].address])];
    const data = join(scratch, `n${i}`);
    nodes.push({ address, ...startNode({ folder: scratch, address, data, args }) });
    await answers(nodes[i], address);
  }
  const client = await connectTo(nodes[0].address);
  for (let slot = 1; slot < count; slot++) {
    await client.set(`/ctl/cal/${slot}`, '', 0);
    const endMs = Date.now() + slotMs;
    while (((await client.get(`/ctl/cal/${slot}`))?.body.length ?? 0) === 0) {
      if (Date.now() > endMs) throw new Error(`slot ${slot} stays empty`);
      await pause(100);
    }
  }
  await client.close();
  return nodes;
}

/** The one of `nodes` that leads. */
export async function leaderOf(nodes) {
  const client = await connectTo(nodes[0].address);
  try {
    for (;;) {
      const { leader } = await client.status();
      const { membership } = await client.members();
      const found = nodes.find(({ address }) => membership.addresses.get(leader) === address);
      if (found !== undefined) return found;
      await pause(50);
    }
  } finally {
    await client.close();
  }
}

/** Processor time that a process has used so far, in seconds. */
export function cpuSecondsOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / jiffiesPerSecond;
}

/** How many cores each process keeps busy, over `ms`. */
export async function coresOf(pids, ms) {
  const before = pids.map(cpuSecondsOf);
  const beganMs = performance.now();
  await pause(ms);
  const seconds = (performance.now() - beganMs) / 1000;
  return pids.map(
    (pid, i) => Math.round(((cpuSecondsOf(pid) - before[i]) / seconds) * 1000) / 1000,
  );
}

/** A load of puts that runs until `stop`, which resolves with [when, [ms of each put]] for each tenth of a second. */
export function startPuts(addresses, { clients = 8, files = 1000, valueBytes = 100 } = {}) {
  const words = [loadFile, clients, files, valueBytes, ...addresses].map(String);
  const load = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  const chunks = [];
  load.stdout.on('data', (chunk) => chunks.push(chunk));
  const ended = once(load, 'close');
  return {
    stop: async () => {
      load.stdin.end();
      const [status] = await ended;
      if (status !== 0) throw new Error(`the load ended with status ${status}`);
      const lines = Buffer.concat(chunks).toString().trim().split('\n');
      return lines.map((line) => JSON.parse(line));
    },
  };
}

/** Puts for `ms`, after as much again to warm up. */
export async function putsFor(addresses, ms, options) {
  const load = startPuts(addresses, options);
  await pause(2 * ms);
  const bins = await load.stop();
  return summaryOf(bins, Date.now() - ms, Date.now());
}

/** What puts took that ended in tenths of a second between two moments. */
export function summaryOf(bins, fromMs, toMs) {
  const within = bins.filter(([ms]) => ms >= fromMs && ms <= toMs);
  const times = within.flatMap(([, of]) => of).sort((a, b) => a - b);
  const at = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0;
  const perSecond = Math.round((times.length / Math.max(1, within.length)) * 10);
  return { puts: times.length, perSecond, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

/** A helper of this folder that says `ready` on a line of its own, and runs until its input ends. */
export async function startHelper(name, ...words) {
  const file = fileURLToPath(new URL(name, import.meta.url));
  const child = spawn(process.execPath, [file, ...words.map(String)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  child.stdin.on('error', () => {});
  let said = '';
  await new Promise((ready, failed) => {
    child.stdout.on('data', (chunk) => {
      said += chunk;
      if (said.includes('ready\n')) ready();
    });
    child.once('exit', (code) => failed(new Error(`${name} ended with ${code}`)));
  });
  return {
    pid: child.pid,
    signal: (signal) => child.kill(signal),
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
