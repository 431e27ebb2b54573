// A secret is known, everything goes wrong that can, and then every byte that was left anywhere is searched for it.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect as dialTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { must } from '../../src/base/index.ts';
import { connect } from '../../src/connect/index.ts';
import { until } from './fake-terminal.ts';

const launcher = fileURLToPath(new URL('launch.ts', import.meta.url));
const secret = 'S3same-open_Rw';
const readSecret = 'S3same-peep_Ro';
const wrong = 'S3same-wrong';
const secrets = [secret, readSecret, wrong];

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'doozer-secrets-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function start(words: readonly string[], env: Record<string, string> = {}) {
  const args = ['--import', import.meta.resolve('tsx'), launcher, ...words];
  const child = spawn(process.execPath, args, { cwd: folder, env: { ...process.env, ...env } });
  children.push(child);
  const said = { all: '' };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said.all += chunk.toString('latin1');
    });
  }
  child.stdin.end();
  return { child, said, exit: once(child, 'close').then(([code]) => code as number) };
}

const linesOfPs = (child: ChildProcess): string =>
  spawnSync('ps', ['-o', 'args=', '-p', String(child.pid)]).stdout.toString() +
  readFileSync(`/proc/${child.pid}/cmdline`, 'latin1').replaceAll('\0', ' ');

const filesIn = (path: string): string[] =>
  statSync(path).isDirectory()
    ? readdirSync(path).flatMap((name) => filesIn(join(path, name)))
    : [path];

it.runIf(process.platform === 'linux')(
  'a secret is in no log, no error, no file, no list of processes and nowhere in the tree',
  async () => {
    const env = { DOOZER_RWSECRET: secret, DOOZER_ROSECRET: readSecret };
    const words = ['doozerd', '-l', '127.0.0.1:0', '-w', 'false', '-data', join(folder, 'data')];
    const node = start(words, env);
    const found = () => /"address":"(127\.0\.0\.1:[0-9]+)"/.exec(node.said.all)?.[1];
    await until(() => found() !== undefined, 'the address in the log');
    const address = must(found() ?? null, 'the node listens');
    const uri = (sk: string) => `doozer:?ca=${address}&sk=${sk}`;
    const client = await connect(uri(secret));
    const heard: string[] = [];

    // Wrong at every door: our own client, doozer's, a node that attaches, and a URI that is none.
    const failing = [
      start(['doozer', '-a', uri(wrong), 'get', '/a']),
      start(['doozer', '-a', `doozer:?ca=${address}?sk=${secret}`, 'get', '/a']),
      start(['doozer', uri(secret), 'get', '/a']),
      start(['doozerd', '-l', '127.0.0.1:0', '-w', 'false', '-data', 'none', '-a', address], {
        DOOZER_RWSECRET: wrong,
      }),
      start(['doozerd', '-b', `doozer:?ca=a:b:c&sk=${secret}`]),
    ];
    const old = dialTcp(Number(address.split(':')[1]), '127.0.0.1');
    const value = Buffer.from(wrong);
    const access = Buffer.concat([Buffer.from([0x10, 99, 0x2a, value.length]), value]);
    old.write(Buffer.concat([Buffer.from([0, 0, 0, access.length]), access]));
    heard.push((await once(old, 'data')).toString());
    old.destroy();
    expect(heard[0]).toContain('permission denied');
    for (const { exit } of failing) expect(await exit).not.toBe(0);

    const watching = start(['doozer', '-a', uri(secret), 'watch', '/ctl/**']);
    await until(
      () => linesOfPs(watching.child).includes('sk=***'),
      'arguments that show no secret any more',
    );
    expect(linesOfPs(watching.child)).toContain(`doozer:?ca=${address}&sk=*** watch /ctl/**`);

    for await (const { path, body } of client.walk('/**')) {
      heard.push(path, Buffer.from(body).toString('latin1'));
    }
    await client.close();
    const processes = linesOfPs(node.child) + linesOfPs(watching.child);
    watching.child.kill('SIGTERM');
    node.child.kill('SIGTERM');
    expect(await node.exit).toBe(0);

    const files = filesIn(folder).map((file) => readFileSync(file, 'latin1'));
    const said = [node, watching, ...failing].map((each) => each.said.all);
    const written = [...said, ...heard, ...files, processes].join('\n');
    expect(files.length).toBeGreaterThan(3);
    expect(written.length).toBeGreaterThan(1000);
    for (const each of secrets) expect(written.includes(each), each).toBe(false);
  },
);
