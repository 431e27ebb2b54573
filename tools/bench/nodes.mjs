// Real nodes for measurements, each a process on loopback. Signals go to these processes and to no other.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect } from '../../dist/src/connect/index.js';

const doozerd = fileURLToPath(new URL('../../bin/doozerd.js', import.meta.url));
const startMs = 120_000;

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A port that was free a moment ago. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/**
 * @param {{ folder: string, address: string, data: string, args?: string[],
 *   nodeArgs?: string[], env?: Record<string, string> }} plan
 */
export function startNode({ folder, address, data, args = [], nodeArgs = [], env = {} }) {
  const logFile = join(folder, `${address.replace(':', '-')}.log`);
  const log = openSync(logFile, 'a');
  const words = [...nodeArgs, doozerd, '-l', address, '-w', 'false', '-data', data, ...args];
  const child = spawn(process.execPath, words, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const signal = async (name) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(name);
    await ended;
  };
  return {
    pid: child.pid,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    /** What inside.mjs keeps, in a node that was started with it. */
    delays: () =>
      new Promise((resolve) => {
        child.once('message', resolve);
        child.send('delays');
      }),
    log: () => readFileSync(logFile, 'utf8'),
    end: () => signal('SIGTERM'),
    kill: () => signal('SIGKILL'),
  };
}

export const connectTo = (...addresses) => connect({ addresses, openTimeoutMs: startMs });

/** Resolves once the node answers a get. */
export async function answers(node, address) {
  const endMs = performance.now() + startMs;
  for (;;) {
    if (!node.isRunning()) throw new Error(`doozerd ended:\n${node.log().slice(-2000)}`);
    try {
      const client = await connect({ addresses: [address], openTimeoutMs: 500 });
      try {
        await client.get('/ctl/name');
        return;
      } finally {
        await client.close();
      }
    } catch (error) {
      if (performance.now() > endMs) throw error;
      await pause(20);
    }
  }
}

/** What the kernel says a process holds, and the most it ever held, in MB (of 10^6 bytes). */
export function memoryOf(pid) {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mbOf = (name) =>
    Math.round((Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)?.[1]) * 1024) / 1e6);
  return { rssMb: mbOf('VmRSS'), hwmMb: mbOf('VmHWM') };
}
