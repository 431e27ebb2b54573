import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { FakeCluster } from '../client/fake-cluster.ts';
import { type FakeServer, serve } from '../client/fake-server.ts';
import { until } from './fake-terminal.ts';

const launcher = fileURLToPath(new URL('launch.ts', import.meta.url));

let cluster: FakeCluster;
let server: FakeServer;
const children = new Set<ChildProcess>();

beforeEach(async () => {
  cluster = new FakeCluster();
  server = await serve(cluster);
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  await server.stop();
});

/** A program of its own, with what it said so far. */
function start(...words: string[]) {
  return startWith('pipe', words);
}

/** The same with its output elsewhere. */
function startWith(
  stdout: 'pipe' | number,
  words: readonly string[],
  stdin: 'pipe' | 'ignore' | number = 'pipe',
) {
  const env = { ...process.env, DOOZER_URI: `doozer:?ca=${server.address}` };
  const args = ['--import', 'tsx', launcher, ...words];
  const child = spawn(process.execPath, args, { env, stdio: [stdin, stdout, 'pipe'] });
  const input = child.stdin ?? new PassThrough();
  children.add(child);
  const said = { output: '', errors: '' };
  child.stdout?.on('data', (chunk: Buffer) => {
    said.output += chunk.toString('latin1');
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    said.errors += chunk.toString();
  });
  const exit = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  return { child, input, said, exit };
}

describe('the doozer process', () => {
  it('reads its body to the end of input and leaves with the status', async () => {
    const { exit, input, said } = start('doozer', 'add', '/a');
    input.write('one ');
    await until(() => server.node.hellos === 1, 'the connection');
    input.end(Buffer.of(0, 255));
    expect(await exit).toEqual({ code: 0, signal: null });
    expect(said).toEqual({ output: '1\n', errors: '' });
    expect([...(cluster.events[0]?.body ?? [])]).toEqual([...Buffer.from('one '), 0, 255]);
    expect(await start('doozer', 'del', '/a', '0').exit).toEqual({ code: 1, signal: null });
  });

  it('prints a large body whole', async () => {
    cluster.set('/a', new Uint8Array(1_000_000).fill(97));
    const { exit, said } = start('doozer', 'get', '/a');
    expect(await exit).toEqual({ code: 0, signal: null });
    expect(said.output.length).toBe(1_000_000);
  });

  it('does not wait for the end of a body that no file may have, and sends none of it', async () => {
    const { exit, input, said } = start('doozer', 'add', '/a');
    input.on('error', () => {});
    input.write(new Uint8Array(limits.valueBytesMax + 1));
    expect(await exit).toEqual({ code: 2, signal: null });
    expect(said.errors).toBe(
      'Error: OTHER: Cannot read the input: it has more than 1048576 bytes\n',
    );
    expect(cluster.events).toEqual([]);
  });

  it('takes a body of the greatest length, and an empty one from a closed input', async () => {
    const most = new Uint8Array(limits.valueBytesMax).fill(97);
    const big = start('doozer', 'add', '/big');
    big.input.end(most);
    expect(await big.exit).toEqual({ code: 0, signal: null });
    const empty = startWith('pipe', ['doozer', 'add', '/empty'], 'ignore');
    expect(await empty.exit).toEqual({ code: 0, signal: null });
    expect(cluster.events.map(({ body }) => body.length)).toEqual([most.length, 0]);
  });

  it('says in one line that its input cannot be read', async () => {
    const folder = openSync('/', 'r');
    const { exit, said } = startWith('pipe', ['doozer', 'add', '/a'], folder);
    expect(await exit).toEqual({ code: 2, signal: null });
    expect(said.errors).toBe('Error: Cannot read standard input: it is a directory\n');
    closeSync(folder);
  });

  it('ends by SIGTERM without a word', async () => {
    const { child, exit, said } = start('doozer', 'watch', '/**');
    await until(() => server.node.sessions.size === 1, 'the connection');
    child.kill('SIGTERM');
    expect(await exit).toEqual({ code: null, signal: 'SIGTERM' });
    expect(said).toEqual({ output: '', errors: '' });
  });

  it.runIf(process.platform === 'linux')('tells when its output cannot be written', async () => {
    cluster.set('/a', 'x');
    const full = openSync('/dev/full', 'w');
    const { exit, said } = startWith(full, ['doozer', 'get', '/a']);
    expect(await exit).toEqual({ code: 2, signal: null });
    expect(said.errors).toMatch(/^Error: Cannot write to standard output: ENOSPC.*\n$/);
    closeSync(full);
  });

  it('ends with 130 on Ctrl-C, quickly, also while its input is open', async () => {
    const watch = start('doozer', 'watch', '/**');
    const add = start('doozer', 'add', '/a');
    await until(() => server.node.sessions.size === 2, 'both connections');
    const pressedAt = Date.now();
    watch.child.kill('SIGINT');
    add.child.kill('SIGINT');
    expect(await watch.exit).toEqual({ code: 130, signal: null });
    expect(await add.exit).toEqual({ code: 130, signal: null });
    expect(Date.now() - pressedAt).toBeLessThan(2000);
    expect([watch.said.errors, add.said.errors]).toEqual(['', '']);
  });

  it('ends quietly when nobody reads its output any more', async () => {
    cluster.set('/a', 'x');
    const { child, exit, said } = start('doozer', 'watch', '/**');
    await until(() => said.output !== '', 'the first record');
    child.stdout?.destroy();
    const more = setInterval(() => cluster.set('/a', 'more'), 20);
    expect(await exit).toEqual({ code: 0, signal: null });
    clearInterval(more);
    expect(said.errors).toBe('');
  });

  it.runIf(process.platform === 'linux')('shows its arguments, under its own name', async () => {
    const { child } = start('doozer', 'watch', '/some/**');
    await until(() => server.node.sessions.size === 1, 'the connection');
    expect(readFileSync(`/proc/${child.pid}/comm`, 'utf8')).toBe('doozer\n');
    expect(readFileSync(`/proc/${child.pid}/cmdline`, 'utf8')).toContain('watch\0/some/**');
  });
});

describe('the doozerd process', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('runs until %s, and ends with 0', async (signal) => {
    const words = ['-l', '127.0.0.1:0', '-w', 'false', '-data', 'none'];
    const { child, exit, said } = start('doozerd', ...words);
    await until(() => said.errors.includes('listening'), 'the node');
    child.kill(signal);
    expect(await exit).toEqual({ code: 0, signal: null });
    const last = said.errors.trim().split('\n').at(-1) ?? '';
    expect(JSON.parse(last)).toMatchObject({ level: 'info', msg: 'stopped' });
  });

  it('answers a wrong command line in one line, with the status', async () => {
    const { exit, said } = start('doozerd', '-timeout', '0.1');
    expect(await exit).toEqual({ code: 1, signal: null });
    const line = 'doozerd: -timeout 0.1: must be 0 (never) or at least 1 second\n';
    expect(said).toEqual({ output: '', errors: line });
  });
});
