// `doozer lock` and `doozer elect` as processes, with programs that are processes.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Client } from '../../src/connect/index.ts';
import { Town } from '../daemon/support/town.ts';
import { until } from './fake-terminal.ts';

const launcher = fileURLToPath(new URL('launch.ts', import.meta.url));

let town: Town;
let address: string;
let client: Client;
const children = new Set<ChildProcess>();
beforeEach(async () => {
  town = new Town();
  const node = await town.start('0');
  address = node.address;
  client = await town.client(node);
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  await town.end();
});

/** `doozer WORDS`, with what it said so far. */
function start(...words: string[]) {
  const env = { ...process.env, DOOZER_URI: `doozer:?ca=${address}` };
  const args = ['--import', 'tsx', launcher, 'doozer', ...words];
  const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  children.add(child);
  const said = { output: '', errors: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    said.output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said.errors += chunk.toString();
  });
  const exit = once(child, 'close').then(([code]) => code as number | null);
  return { child, input: child.stdin, said, exit };
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const isFree = async (): Promise<boolean> => (await client.stat('/lock/a')) === null;

describe('doozer lock, as a process', () => {
  it('gives the program its arguments, streams and environment, and its status to the caller', async () => {
    const script = 'read line; echo "$line $1 $2 $DOOZER_LOCK_TOKEN"; echo said >&2; exit 7';
    const { exit, input, said } = start('lock', 'a', '--', 'sh', '-c', script, 'sh', '--', '-t 1');
    input.end('heard\n');
    expect(await exit).toBe(7);
    expect(said.output).toMatch(/^heard -- -t 1 [0-9]+\n$/);
    expect(said.errors).toBe('said\n');
    expect(await isFree()).toBe(true);
  });

  it('tells by the status which signal the program died of', async () => {
    expect(await start('lock', 'a', '--', 'sh', '-c', 'kill -9 $$').exit).toBe(137);
  });

  it.each([
    ['/nowhere/to/be/found', 127, 'no such program'],
    ['/etc/passwd', 126, 'EACCES'],
  ])('ends with a shell’s status when %s cannot be started', async (program, status, reason) => {
    const { exit, said } = start('lock', 'a', '--', program);
    expect(await exit).toBe(status);
    expect(said.errors).toBe(`doozer: cannot start "${program}": ${reason}\n`);
    expect(await isFree()).toBe(true);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('passes %s on', async (signal) => {
    const name = signal.slice(3);
    const script = `trap 'echo got ${name}; exit 5' ${name}; echo ready; while :; do sleep 0.02; done`;
    const { child, exit, said } = start('lock', 'a', '--', 'sh', '-c', script);
    await until(() => said.output.includes('ready'), 'the program');
    child.kill(signal);
    expect(await exit).toBe(5);
    expect(said.output).toBe(`ready\ngot ${name}\n`);
    expect(await isFree()).toBe(true);
  });

  it('ends all that the program has started when the lock is lost', async () => {
    const script =
      'sh -c "trap \'\' TERM; while :; do sleep 0.02; done" & echo $! $$; wait; sleep 60';
    const { exit, said } = start('lock', '-grace', '100ms', 'a', '--', 'sh', '-c', script);
    await until(() => said.output.includes('\n'), 'the program');
    const pids = said.output.trim().split(' ').map(Number);
    expect(pids.map(isAlive)).toEqual([true, true]);
    for await (const { path } of client.walk('/lock/a/*')) await client.delete(path, -1);
    expect(await exit).toBe(123);
    expect(said.errors).toMatch(/^doozer: lock "\/lock\/a" is lost: .*; ending "sh"\n$/);
    await until(() => !pids.some(isAlive), 'the end of both processes');
  });

  it('keeps others out while its program runs, and lets them in after it', async () => {
    const script = 'echo $DOOZER_LOCK_TOKEN; read line; echo out';
    const first = start('lock', 'a', '--', 'sh', '-c', script);
    await until(() => first.said.output !== '', 'the first');
    const second = start('lock', 'a', '--', 'sh', '-c', script);
    const third = start('lock', '-t', '300ms', 'a', '--', 'true');
    expect(await third.exit).toBe(2);
    expect(second.said.output).toBe('');
    first.input.end('go\n');
    expect(await first.exit).toBe(0);
    await until(() => second.said.output !== '', 'the second');
    const [one = 0, two = 0] = [first, second].map(({ said }) => Number.parseInt(said.output, 10));
    expect(two).toBeGreaterThan(one);
    second.input.end('go\n');
    expect(await second.exit).toBe(0);
  });

  it('is told of a standstill by the token: what a paused holder writes is refused', async () => {
    const txn = '"created $DOOZER_LOCK_PATH = $DOOZER_LOCK_TOKEN" then \'set /result "late"\'';
    const doozer = `${process.execPath} --import tsx ${launcher} doozer`;
    const script = `echo in; read line; printf '%s\\n' ${txn} | ${doozer} txn; echo "status $?"`;
    const { child, exit, input, said } = start(
      'lock',
      '-length',
      '1s',
      'a',
      '--',
      'sh',
      '-c',
      script,
    );
    await until(() => said.output.includes('in'), 'the program');
    child.kill('SIGSTOP');
    const next = await client.lock('/lock/a');
    input.end('go\n');
    await until(() => said.output.includes('status'), 'the late write');
    expect(said.output).toBe('in\nstatus 1\n');
    expect(await client.get('/result')).toBeNull();
    child.kill('SIGCONT');
    await exit;
    expect(next.isLost).toBe(false);
  });
});

describe('doozer elect, as a process', () => {
  it('runs its program as the leader that others see', async () => {
    const words = ['elect', '-value', 'me', 'web', '--', 'sh', '-c', 'echo up; read line; exit 3'];
    const leading = start(...words);
    await until(() => leading.said.output !== '', 'the program');
    const asking = start('elect', 'web');
    expect(await asking.exit).toBe(0);
    expect(asking.said.output).toBe('me\n');
    leading.input.end('go\n');
    expect(await leading.exit).toBe(3);
    expect(await start('elect', 'web').exit).toBe(1);
  });
});
