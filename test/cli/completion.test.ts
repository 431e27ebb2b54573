import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { doozer } from '../../src/cli/doozer.ts';
import { doozerFlagTable } from '../../src/cli/doozer-program.ts';
import { doozerdFlagTable } from '../../src/cli/doozerd-program.ts';
import { verbs } from '../../src/cli/verbs.ts';
import { FakeCluster } from '../client/fake-cluster.ts';
import { type FakeServer, serve, silentPort } from '../client/fake-server.ts';
import { FakeTerminal } from './fake-terminal.ts';
import { run as runProcess } from './run-process.ts';

let cluster: FakeCluster;
let server: FakeServer;
beforeEach(async () => {
  cluster = new FakeCluster();
  server = await serve(cluster);
});
afterEach(() => server.stop());

/** What is offered at the end of `line`, without what it means; a trailing blank begins a new word. */
async function offered(line: string, uri = `doozer:?ca=${server.address}`): Promise<string[]> {
  const terminal = new FakeTerminal('', { DOOZER_URI: uri });
  expect(await doozer(['completion', 'candidates', ...line.split(' ')], terminal)).toBe(0);
  expect(terminal.errors).toBe('');
  return terminal.output
    .split('\n')
    .slice(0, -1)
    .map((found) => found.replace(/\t.*/, ''));
}

describe('completion', () => {
  it('offers every command and every option there is', async () => {
    expect(await offered('doozer ')).toEqual(verbs.map(({ name }) => name));
    expect(await offered('doozer help ')).toEqual(verbs.map(({ name }) => name));
    const flags = await offered('doozer -');
    expect(flags.map((flag) => flag.replace(/^-*/, ''))).toEqual(
      doozerFlagTable.map(({ name }) => name),
    );
    const ofDaemon = await offered('doozerd -');
    expect(ofDaemon).toEqual(doozerdFlagTable.map(({ name }) => `-${name}`));
  });

  it.each([
    ['doozer w', ['wait', 'watch']],
    ['doozer -r 5 wat', ['watch']],
    ['doozer add --le', ['--lease']],
    ['doozer get --le', []],
    ['doozer lease r', ['revoke']],
    ['doozer completion ', ['bash', 'zsh', 'fish']],
    ['doozer lock name -- l', [':programs']],
    ['doozer frob ', []],
    ['doozer -a ', []],
    ['doozer --frob ', []],
    ['doozer set /a ', []],
    ['doozerd ', ['check', 'accept-loss']],
    ['doozerd -data ', [':folders']],
    ['doozerd -tlscert ', [':files']],
    ['doozerd check ', [':folders']],
    ['doozerd check -', ['--json']],
    ['doozerd -l 127.0.0.1:0 -ti', ['-timeout']],
    ['doozerd -l ', []],
  ])('of "%s" is %j', async (line, words) => {
    expect(await offered(line)).toEqual(words);
    expect(server.node.hellos).toBe(0);
  });

  it('offers paths that the cluster holds, a level at a time', async () => {
    cluster.set('/ctl/cal/0');
    cluster.set('/ctl/name');
    cluster.set('/c');
    expect(await offered('doozer get ')).toEqual(['/']);
    expect(await offered('doozer get /')).toEqual(['/c', '/ctl/']);
    expect(await offered('doozer get /c /ctl/n')).toEqual(['/ctl/name']);
    expect(await offered('doozer watch /ctl/')).toEqual(['/ctl/cal/', '/ctl/name']);
    expect(await offered('doozer get /none/')).toEqual([]);
  });

  it('asks the cluster that the line names', async () => {
    const other = new FakeCluster();
    other.set('/there');
    const there = await serve(other);
    expect(await offered(`doozer -a doozer:?ca=${there.address} get /`)).toEqual(['/there']);
    expect(await offered(`doozer get -a doozer:?ca=${there.address} /t`)).toEqual(['/there']);
    await there.stop();
  });

  it('offers nothing, and soon, when the cluster does not answer', async () => {
    const { address, close } = await silentPort();
    const startedAt = Date.now();
    expect(await offered('doozer get /', `doozer:?ca=${address}`)).toEqual([]);
    expect(await offered('doozer get /', 'nonsense')).toEqual([]);
    expect(Date.now() - startedAt).toBeLessThan(4000);
    await close();
  });

  it('has no script for other shells', async () => {
    const terminal = new FakeTerminal();
    expect(await doozer(['completion', 'ksh'], terminal)).toBe(127);
    expect(terminal.errors).toBe('doozer: completion knows bash, zsh, fish, not "ksh"\n');
  });
});

const hasShell = (name: string): boolean => spawnSync(name, ['-c', 'exit 0']).status === 0;

describe.runIf(hasShell('bash'))('in bash', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'doozer-completion-'));
    const launcher = fileURLToPath(new URL('launch.ts', import.meta.url));
    const program = join(folder, 'doozer');
    writeFileSync(
      program,
      `#!/bin/sh\nexec "${process.execPath}" --import tsx "${launcher}" doozer "$@"\n`,
    );
    chmodSync(program, 0o755);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** What bash would put in place of the last word of each line. */
  async function replies(...lines: string[]): Promise<string[]> {
    const env = {
      ...process.env,
      PATH: `${folder}:${process.env['PATH']}`,
      DOOZER_URI: `doozer:?ca=${server.address}`,
    };
    const script = `source <(doozer completion bash)
for COMP_LINE in "$@"; do
  COMP_POINT=\${#COMP_LINE}
  _doozer
  echo "\${COMPREPLY[*]}"
done`;
    const said = await runProcess('bash', ['--norc', '-c', script, 'bash', ...lines], env);
    expect(said.errors).toBe('');
    return said.output.split('\n').slice(0, -1);
  }

  it('completes commands, options and paths of the live cluster', async () => {
    cluster.set('/ctl/cal/0');
    cluster.set('/ctl/name');
    cluster.set('/a:b');
    expect(
      await replies(
        'doozer wa',
        `doozer -a 'doozer:?ca=${server.address}' get /ctl/n`,
        'doozer get /ct',
        'doozer get /a:',
        'doozerd -min',
        `doozerd check ${folder.slice(0, -1)}`,
      ),
    ).toEqual(['wait watch', '/ctl/name', '/ctl/', 'b', '-min-voters', folder]);
  });
});

describe.each(['zsh', 'fish'])('in %s', (shell) => {
  it.runIf(hasShell(shell))('the script can be read', async () => {
    const terminal = new FakeTerminal();
    await doozer(['completion', shell], terminal);
    const { status, stderr } = spawnSync(shell, ['-n'], { input: terminal.output });
    expect([status, stderr.toString()]).toEqual([0, '']);
  });
});
