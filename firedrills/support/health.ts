import { readFileSync } from 'node:fs';
import { CannotRun } from './cannot-run.ts';
import { DoozerClient, verbs } from './doozer-client.ts';
import type { Doozerd } from './processes.ts';
import { expect, median, nowMs, until } from './wait.ts';

const mib = 1024 * 1024;
const rounds = 300;

/** How long a node took for single requests, one after the other, each on the same connection. */
export async function answerTimes(address: string): Promise<{ medianMs: number; maxMs: number }> {
  const client = await DoozerClient.connect(address, 10_000);
  const times: number[] = [];
  for (let n = 0; n < rounds; n++) {
    const startMs = nowMs();
    const value = Buffer.alloc(1000, n);
    const wrote = await client.ask(
      { verb: verbs.set, path: '/health/file', value, rev: -1 },
      10_000,
    );
    expect(wrote.errCode === null, `a write is taken (${wrote.errDetail})`);
    const read = await client.ask({ verb: verbs.get, path: '/health/file' }, 10_000);
    expect(read.value?.[0] === n % 256, 'what was written is read');
    times.push(nowMs() - startMs);
  }
  client.close();
  return { medianMs: median(times), maxMs: Math.max(...times) };
}

/** @throws CannotRun where there is no /proc. */
export function residentBytes(node: Doozerd): number {
  try {
    const status = readFileSync(`/proc/${node.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
  } catch {
    throw new CannotRun('memory is read from /proc, which this system has not');
  }
}

export const inMib = (bytes: number): string => `${Math.round(bytes / mib)} MiB`;

/**
 * Until a node's memory is below `bytesMax`, under a light load, since a process that does nothing does
 * not collect either. Says what it came to.
 */
export async function memoryIsBack(node: Doozerd, bytesMax: number): Promise<number> {
  const { value } = await until(
    `the memory of ${node.address} to fall below ${inMib(bytesMax)}`,
    60_000,
    async () => {
      await answerTimes(node.address);
      const bytes = residentBytes(node);
      if (bytes > bytesMax) throw new Error(inMib(bytes));
      return bytes;
    },
    500,
  );
  return value;
}

/** Its process is the one that was started, and its log tells of nothing that went wrong inside. */
export function isUnharmed(node: Doozerd): void {
  expect(node.isRunning, `${node.address} runs`);
  const log = readFileSync(node.logFile, 'utf8');
  const trace = log
    .split('\n')
    .find((line) => /^\s+at |"stack"|Assertion|"level":"error"/.test(line));
  expect(trace === undefined, `the log of ${node.address} holds no stack trace: ${trace}`);
}
