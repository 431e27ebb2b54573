import { describe, expect, it } from 'vitest';
import { AssertionError, ClusterError } from '../../src/base/index.ts';
import { doozerd } from '../../src/cli/doozerd.ts';
import type { DaemonOptions } from '../../src/daemon/index.ts';
import { FakeTerminal } from './fake-terminal.ts';

async function run(words: string[], env: Record<string, string> = {}) {
  const terminal = new FakeTerminal('', env);
  let options: DaemonOptions | null = null;
  const status = await doozerd(words, terminal, async (read) => {
    options = read;
  });
  return { status, errors: terminal.errors, output: terminal.output, options };
}

describe('doozerd', () => {
  it.each(['check', 'accept-loss'])(
    'says how "%s" is called, without a folder',
    async (command) => {
      expect(await run([command, '-h'])).toMatchObject({
        status: 0,
        errors: '',
        output: expect.stringContaining('doozerd check [--json] DIR'),
      });
      expect(await run([command])).toMatchObject({
        status: 2,
        output: '',
        errors: expect.stringContaining('usage: doozerd check'),
      });
    },
  );

  it('runs by its defaults when nothing is said', async () => {
    const { errors, options, status } = await run([]);
    expect([status, errors]).toEqual([0, '']);
    expect(options).toEqual({
      clusterName: 'local',
      listen: '127.0.0.1:8046',
      attach: [],
      bootUri: null,
      web: 'default',
      webExplicit: false,
      pulseMs: 1000,
      silenceMs: 60_000,
      historyRevisions: 2000,
      dataFolder: './local.doozer/127.0.0.1-8046',
      minVoters: 2,
      secrets: { rw: '', ro: '' },
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      tls: null,
      logLevel: 'info',
    });
  });

  it.each<[string[], Partial<DaemonOptions>]>([
    [
      ['-tlscert', 'c', '-tlskey', 'k'],
      { tls: { certFile: 'c', keyFile: 'k', guestsCertified: false } },
    ],
    [
      ['-tlscert', 'c', '-tlskey', 'k', '-tlsca', 'a', '-tlsclients'],
      { tls: { certFile: 'c', keyFile: 'k', caFile: 'a', guestsCertified: true } },
    ],
    [
      ['-timeout', '5', '-l', '127.0.0.1:8047', '-w', '127.0.0.1:8001', '-a', '127.0.0.1:8046'],
      {
        silenceMs: 5000,
        listen: '127.0.0.1:8047',
        web: '127.0.0.1:8001',
        webExplicit: true,
        attach: ['127.0.0.1:8046'],
        dataFolder: './local.doozer/127.0.0.1-8047',
      },
    ],
    [['--timeout=2.5'], { silenceMs: 2500 }],
    [['-timeout', '0'], { silenceMs: 0 }],
    [['-timeout', '1'], { silenceMs: 1000 }],
    [['-a', 'a:1', '-a', 'b,c:3', '--a=a:1'], { attach: ['a:1', 'b:8046', 'c:3'] }],
    [['-c', 'prod'], { clusterName: 'prod', dataFolder: './prod.doozer/127.0.0.1-8046' }],
    [['-l', ':8046'], { listen: '0.0.0.0:8046', dataFolder: './local.doozer/0.0.0.0-8046' }],
    [['-l', '[::1]:8046'], { listen: '[::1]:8046', dataFolder: './local.doozer/::1-8046' }],
    [['-l', '127.0.0.1:0'], { listen: '127.0.0.1:0' }],
    [['-w', 'false'], { web: null, webExplicit: true }],
    [['-w', 'true'], { web: null, webExplicit: true }],
    [['-w', '0'], { web: null }],
    [['-pulse', '.5'], { pulseMs: 500 }],
    [['-hist', '20'], { historyRevisions: 20 }],
    [['-fill', '3'], {}],
    [['-data', 'none'], { dataFolder: null }],
    [['-data', '/var/lib/d'], { dataFolder: '/var/lib/d' }],
    [['-min-voters', '3'], { minVoters: 3 }],
    [['-seed', 'b:2,A, b:2'], { seeds: ['a:8046', 'b:2'] }],
    [['-seed', 'b', '-seed', 'a:1'], { seeds: ['a:1', 'b:8046'] }],
    [['-advertise', 'db1.example'], { advertise: 'db1.example' }],
    [['-b', 'doozer:?ca=h'], { bootUri: 'doozer:?ca=h' }],
  ])('reads %j', async (words, said) => {
    const { errors, options, status } = await run(words);
    expect([status, errors]).toEqual([0, '']);
    expect(options).toMatchObject(said);
  });

  it('reads the environment, which -b beats', async () => {
    const env = { DOOZER_BOOT_URI: 'doozer:?ca=a', DOOZER_RWSECRET: 'rw', DOOZER_ROSECRET: 'ro' };
    const secrets = { rw: 'rw', ro: 'ro' };
    expect((await run([], env)).options).toMatchObject({ bootUri: 'doozer:?ca=a', secrets });
    const words = ['-b', 'doozer:?ca=b'];
    expect((await run(words, env)).options).toMatchObject({ bootUri: 'doozer:?ca=b' });
  });

  it.each([
    [['-timeout', '0.5'], '-timeout 0.5: must be 0 (never) or at least 1 second'],
    [['-timeout', '-1'], '-timeout -1: must be from 0 to 31536000 seconds'],
    [['-pulse', '0'], '-pulse 0: must be from 0.01 to 31536000 seconds'],
    [['-pulse', '1e99'], '-pulse 1e99: must be from 0.01 to 31536000 seconds'],
    [['-fill', '-1'], '-fill -1: must be from 0 to 31536000 seconds'],
    [['-hist', '0'], '-hist 0: must be from 1 to 1000000'],
    [['-hist', '1000001'], '-hist 1000001: must be from 1 to 1000000'],
    [['-min-voters', '0'], '-min-voters 0: must be from 1 to 15'],
    [['-min-voters', '16'], '-min-voters 16: must be from 1 to 15'],
    [['-l', ''], '-l "": an address to listen on is HOST:PORT'],
    [['-l', 'localhost'], '-l "localhost": an address to listen on is HOST:PORT'],
    [['-l', 'h:65536'], '-l "h:65536": an address to listen on is HOST:PORT'],
    [['-w', 'here'], '-w "here": use HOST:PORT, or false for no web view'],
    [['-a', ''], '-a "": an address to attach to is HOST or HOST:PORT'],
    [['-a', 'a:1,,b:2'], '-a "": an address to attach to is HOST or HOST:PORT'],
    [['-a', 'doozer:?ca=h'], '-a "doozer:?ca=h": an address to attach to is HOST or HOST:PORT'],
    [['-seed', ''], '-seed "": a list of HOST or HOST:PORT is wanted, as others reach them'],
    [
      ['-seed', 'a,0.0.0.0:1'],
      '-seed "0.0.0.0:1": a list of HOST or HOST:PORT is wanted, as others reach them',
    ],
    [
      ['-seed', Array.from({ length: 16 }, (_, i) => `h${i}`).join()],
      '-seed with 16 addresses: at most 15',
    ],
    [
      ['-seed', 'a', '-a', 'b'],
      '-seed and -a: use one of them; a node with -seed finds its cluster by the list',
    ],
    [
      ['-advertise', '0.0.0.0'],
      '-advertise "0.0.0.0": HOST or HOST:PORT is wanted, under which others reach this node',
    ],
    [
      ['-advertise', 'a:0'],
      '-advertise "a:0": HOST or HOST:PORT is wanted, under which others reach this node',
    ],
    [['-b', 'h:1'], '-b: invalid uri: it must begin with "doozer:?" or "doozers:?"'],
    [['-data', ''], '-data "": name a folder, or "none" to keep nothing'],
    [['-tlscert', 'a'], '-tlscert and -tlskey: need both, or neither'],
    [['-tlskey', 'a', '-tlsca', 'b'], '-tlscert and -tlskey: need both, or neither'],
    [['-tlsca', 'a'], '-tlsca needs -tlscert and -tlskey'],
    [['-tlsclients'], '-tlsclients needs -tlscert, -tlskey and -tlsca'],
    [
      ['-tlscert', 'a', '-tlskey', 'b', '-tlsclients'],
      '-tlsclients needs -tlsca, which signs their certificates',
    ],
    [['-tlscert', '', '-tlskey', 'b'], '-tlscert "": name a file'],
  ])('refuses %j in one line, status 1', async (words, line) => {
    expect(await run(words)).toEqual({
      status: 1,
      errors: `doozerd: ${line}\n`,
      output: '',
      options: null,
    });
  });

  it.each(['', 'a/b', 'a b', 'x'.repeat(256)])('refuses the cluster name %j', async (name) => {
    const { errors, status } = await run(['-c', name]);
    expect(status).toBe(1);
    expect(errors).toContain(`-c "${name}": a cluster's name is 1 to 255 letters`);
  });

  it('refuses a read-only secret without the other, and says why', async () => {
    const { errors, status } = await run([], { DOOZER_ROSECRET: 'hush' });
    expect(status).toBe(1);
    expect(errors).toContain('would let everyone write');
    expect(errors).not.toContain('hush');
  });

  it('refuses a boot URI of the environment without repeating its secret', async () => {
    const { errors, status } = await run([], { DOOZER_BOOT_URI: 'ca=h&sk=hush' });
    expect(status).toBe(1);
    expect(errors).toBe(
      'doozerd: DOOZER_BOOT_URI: invalid uri: it must begin with "doozer:?" or "doozers:?"\n',
    );
  });

  it.each([
    [['-x'], 'flag provided but not defined: -x'],
    [['-l'], 'flag needs an argument: -l'],
    [['-timeout', 'soon'], 'invalid value "soon" for flag -timeout: a number of seconds is wanted'],
    [['-timeout', '5s'], 'invalid value "5s" for flag -timeout: a number of seconds is wanted'],
    [['-hist', '1.5'], 'invalid value "1.5" for flag -hist: a whole number is wanted'],
    [['start'], 'unexpected argument "start"'],
    [['-v=perhaps'], 'invalid boolean value "perhaps" for -v'],
  ])('takes %j for a wrong command line, status 2', async (words, line) => {
    expect(await run(words)).toEqual({
      status: 2,
      errors: `doozerd: ${line}; "doozerd -h" explains\n`,
      output: '',
      options: null,
    });
  });

  it('prints its version and its flags, each with one dash', async () => {
    const version = await run(['-v', '-timeout', '0.1']);
    expect([version.status, version.options]).toEqual([0, null]);
    expect(version.output).toMatch(/^doozerd \d+\.\d+\.\d+\S*\n$/);
    const help = await run(['--h']);
    expect([help.status, help.output, help.options]).toEqual([0, '', null]);
    const flags = ['-l <addr>', '-timeout <seconds>', '-min-voters <count>', '-fill', 'no effect'];
    for (const word of [...flags, '(default: 60)', 'DOOZER_RWSECRET']) {
      expect(help.errors).toContain(word);
    }
    expect(help.errors).not.toMatch(/ --[a-z]/);
  });

  it.each([
    [new ClusterError('ERR_ADDRESS_IN_USE', 'Cannot listen on "127.0.0.1:8046": it is taken')],
    [new AssertionError('R1: applied <= committed')],
    [Object.assign(new Error('EACCES: permission denied, mkdir "/x"'), { syscall: 'mkdir' })],
  ])('says what ended it in one line, status 1: %s', async (error) => {
    const terminal = new FakeTerminal();
    const status = await doozerd([], terminal, () => Promise.reject(error));
    expect(status).toBe(1);
    expect(terminal.errors).toMatch(/^doozerd: [^\n]*\n$/);
    expect(terminal.errors).toContain(error.message);
  });
});
