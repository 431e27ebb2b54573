import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { utf8 } from '../../src/base/index.ts';
import { doozer } from '../../src/cli/doozer.ts';
import { FakeCluster } from '../client/fake-cluster.ts';
import { type FakeServer, serve, silentPort } from '../client/fake-server.ts';
import { FakeTerminal, until } from './fake-terminal.ts';

let cluster: FakeCluster;
let server: FakeServer;
beforeEach(async () => {
  cluster = new FakeCluster();
  server = await serve(cluster);
});
afterEach(() => server.stop());

/** What a command said, and how it ended. */
async function run(words: string[], input: string | Uint8Array = '', env = {}) {
  const uri = `doozer:?ca=${server.address}`;
  const terminal = new FakeTerminal(input, { DOOZER_URI: uri, ...env });
  const status = await doozer(words, terminal);
  return { status, output: terminal.output, errors: terminal.errors, terminal };
}

const said = (status: number, output: string, errors = '') => ({ status, output, errors });

describe('doozer add', () => {
  it('creates a file and prints its revision', async () => {
    expect(await run(['add', '/a'], 'body')).toMatchObject(said(0, '1\n'));
    expect(cluster.events[0]).toMatchObject({ path: '/a', body: utf8('body') });
  });

  it('creates an empty one from empty input', async () => {
    expect(await run(['add', '/ctl/cal/1'])).toMatchObject(said(0, '1\n'));
    expect(cluster.events[0]?.body.length).toBe(0);
  });

  it('fails with status 1 when there is one', async () => {
    cluster.set('/a');
    expect(await run(['add', '/a'])).toMatchObject(said(1, '', 'Error: REV_MISMATCH\n'));
  });
});

describe('doozer set', () => {
  it('writes bytes as they are', async () => {
    const body = Uint8Array.of(0, 10, 255, 13, 10);
    expect(await run(['set', '/a', '0'], body)).toMatchObject(said(0, '1\n'));
    expect([...(cluster.events[0]?.body ?? [])]).toEqual([...body]);
  });

  it('takes negative revisions as arguments', async () => {
    cluster.set('/a');
    expect(await run(['set', '/a', '-1'], 'x')).toMatchObject(said(0, '2\n'));
    expect(await run(['set', '/a', '-2'], 'x')).toMatchObject(said(1, '', 'Error: REV_MISMATCH\n'));
    expect(await run(['set', '/a', '+9'], 'x')).toMatchObject(said(0, '4\n'));
  });

  it.each([
    ['/a/b', 'NOTDIR'],
    ['/d', 'ISDIR'],
    ['a', 'BAD_PATH'],
    ['/', 'BAD_PATH'],
    ['/a b', 'BAD_PATH'],
  ])('of %s fails with %s', async (path, name) => {
    cluster.set('/a');
    cluster.set('/d/x');
    expect(await run(['set', path, '-1'], 'x')).toMatchObject(said(2, '', `Error: ${name}\n`));
  });

  it.each(['x', '', '1.5', '1e3', '0x10', '99999999999999999999', ' 1'])(
    'refuses revision %j before it reads anything',
    async (rev) => {
      const { terminal, ...rest } = await run(['set', '/a', rev]);
      expect(rest).toMatchObject({ status: 2, output: '' });
      expect(rest.errors).toBe(
        `Error: invalid revision "${rev}": a whole number is wanted, such as 41, 0 or -1\n`,
      );
      expect(terminal.inputsRead).toBe(0);
    },
  );
});

describe('doozer get', () => {
  it('prints the body and not a byte more', async () => {
    cluster.set('/a', Uint8Array.of(1, 0, 255, 10));
    expect(await run(['get', '/a'])).toMatchObject(said(0, '\x01\x00\xff\n'));
    cluster.set('/a', 'no line feed');
    expect(await run(['get', '/a'])).toMatchObject(said(0, 'no line feed'));
  });

  it('prints nothing for what is missing, status 0', async () => {
    expect(await run(['get', '/none'])).toMatchObject(said(0, ''));
  });

  it('of a directory is an error', async () => {
    cluster.set('/d/a');
    expect(await run(['get', '/d'])).toMatchObject(said(2, '', 'Error: ISDIR\n'));
  });
});

describe('doozer del', () => {
  it('deletes, and prints nothing', async () => {
    cluster.set('/a');
    expect(await run(['del', '/a', '1'])).toMatchObject(said(0, ''));
    expect(cluster.filesAt(2).size).toBe(0);
    expect(await run(['del', '/a', '0'])).toMatchObject(said(0, ''));
  });

  it('fails with status 1 when the file changed', async () => {
    cluster.set('/a');
    cluster.set('/a');
    expect(await run(['del', '/a', '1'])).toMatchObject(said(1, '', 'Error: REV_MISMATCH\n'));
  });
});

describe('doozer touch', () => {
  it('writes what is there, and creates what is not', async () => {
    cluster.set('/a', 'kept');
    expect(await run(['touch', '/a'])).toMatchObject(said(0, ''));
    expect(cluster.events[1]).toMatchObject({ path: '/a', body: utf8('kept') });
    expect(await run(['touch', '/b'])).toMatchObject(said(0, ''));
    expect(cluster.events[2]).toMatchObject({ path: '/b' });
    expect(await run(['touch', '/'])).toMatchObject(said(2, '', 'Error: ISDIR\n'));
  });
});

describe('doozer stat', () => {
  it('prints revision and length of a file, d and count of a directory', async () => {
    cluster.set('/d/a', 'abc');
    cluster.set('/d/b');
    expect(await run(['stat', '/d/a'])).toMatchObject(said(0, '1 3\n'));
    expect(await run(['stat', '/d'])).toMatchObject(said(0, 'd 2\n'));
    expect(await run(['stat', '/'])).toMatchObject(said(0, 'd 1\n'));
  });

  it.each(['/none', 'a bad path', ''])('of %j says that nothing is there', async (path) => {
    const errors = `No such file or directory: ${path}\n`;
    expect(await run(['stat', path])).toMatchObject(said(2, '', errors));
  });
});

describe('doozer find', () => {
  beforeEach(() => {
    for (const path of ['/a/b', '/a-b', '/a.b', '/a/x/y/z', '/a/x/y2', '/c', '/B'])
      cluster.set(path);
  });

  it('prints parents before what is in them, names by their bytes', async () => {
    const all = '/\n/B\n/a\n/a/b\n/a/x\n/a/x/y\n/a/x/y/z\n/a/x/y2\n/a-b\n/a.b\n/c\n';
    expect(await run(['find', '/'])).toMatchObject(said(0, all));
    const some = '/a/x\n/a/x/y\n/a/x/y/z\n/a/x/y2\n';
    expect(await run(['find', '/a/x'])).toMatchObject(said(0, some));
    expect(await run(['find', '/c'])).toMatchObject(said(0, '/c\n'));
  });

  it('prints the tree of an older revision', async () => {
    expect(await run(['find', '-r', '2', '/'])).toMatchObject(said(0, '/\n/a\n/a/b\n/a-b\n'));
    expect(await run(['-r=1', 'find', '/'])).toMatchObject(said(0, '/\n/a\n/a/b\n'));
    expect(await run(['find', '-r', '0', '/'])).toMatchObject(said(0, '/\n/a\n/a/b\n'));
  });

  it('exits with 0 also when there is nothing to find', async () => {
    expect(await run(['find', '/none'])).toMatchObject(said(0, '', 'NOENT\n'));
    expect(await run(['find', '/*'])).toMatchObject(said(0, '', 'NOENT\n'));
    cluster.oldest = 5;
    expect(await run(['find', '-r', '1', '/'])).toMatchObject(said(0, '', 'TOO_LATE\n'));
  });
});

describe('doozer rev, self and nop', () => {
  it('print the revision, the id, nothing', async () => {
    expect(await run(['rev'])).toMatchObject(said(0, '0\n'));
    expect(await run(['nop'])).toMatchObject(said(0, ''));
    expect(await run(['rev'])).toMatchObject(said(0, '1\n'));
    expect(await run(['self'])).toMatchObject(said(0, server.node.id));
  });
});

describe('doozer wait', () => {
  it('prints one record: set, del, or two blanks for a nop', async () => {
    cluster.set('/a', 'two\nlines');
    cluster.delete('/a');
    cluster.nop();
    expect(await run(['wait', '-r', '1', '/a'])).toMatchObject(said(0, '/a 1 set 9\ntwo\nlines\n'));
    expect(await run(['wait', '-r', '2', '/**'])).toMatchObject(said(0, '/a 2 del 0\n\n'));
    expect(await run(['wait', '-r', '3', '/'])).toMatchObject(said(0, '/ 3  0\n\n'));
    expect(await run(['wait', '-r', '-7', '/**'])).toMatchObject(
      said(0, '/a 1 set 9\ntwo\nlines\n'),
    );
  });

  it('counts the current revision in by default', async () => {
    cluster.set('/a', '1');
    cluster.set('/a', '2');
    expect(await run(['wait', '/a'])).toMatchObject(said(0, '/a 2 set 1\n2\n'));
  });

  it('waits for what is to come', async () => {
    const waiting = run(['wait', '/a']);
    await until(() => server.node.count('wait') === 1, 'the wait');
    cluster.set('/b');
    cluster.set('/a', 'x');
    expect(await waiting).toMatchObject(said(0, '/a 2 set 1\nx\n'));
  });

  it('gives up after -t', async () => {
    const errors = 'Error: wait timeout: nothing changed within 100 ms\n';
    expect(await run(['wait', '-t', '100ms', '/a'])).toMatchObject(said(2, '', errors));
    expect(await run(['wait', '-t', '1ns', '/a'])).toMatchObject({ status: 2 });
    cluster.set('/a');
    expect(await run(['wait', '-t', '1000h', '/a'])).toMatchObject(said(0, '/a 1 set 0\n\n'));
    expect(await run(['wait', '-t', '1m', '/a'])).toMatchObject(said(0, '/a 1 set 0\n\n'));
    expect(await run(['wait', '-t', '0', '/a'])).toMatchObject(said(0, '/a 1 set 0\n\n'));
  });

  it('says TOO_LATE when the revision is forgotten, and what is wrong with a glob', async () => {
    cluster.set('/a');
    cluster.set('/a');
    cluster.oldest = 2;
    expect(await run(['wait', '-r', '1', '/a'])).toMatchObject(said(2, '', 'Error: TOO_LATE\n'));
    const errors = 'Error: OTHER: invalid glob pattern: /[\n';
    expect(await run(['wait', '/['])).toMatchObject(said(2, '', errors));
  });
});

describe('doozer watch', () => {
  it('prints records for ever, from the current revision on, until Ctrl-C', async () => {
    cluster.set('/old', 'x');
    cluster.set('/a', '1');
    const terminal = new FakeTerminal('', { DOOZER_URI: `doozer:?ca=${server.address}` });
    const watching = doozer(['watch', '/**'], terminal);
    await until(() => terminal.output.includes('/a 2'), 'the present');
    cluster.delete('/a');
    cluster.nop();
    await until(() => terminal.output.includes('/ 4'), 'the nop');
    terminal.pressCtrlC();
    expect(await watching).toBe(130);
    expect(terminal.output).toBe('/a 2 set 1\n1\n/a 3 del 0\n\n/ 4  0\n\n');
    expect(terminal.errors).toBe('');
  });

  it('goes on over another node without a gap or a repeat', async () => {
    const other = await serve(cluster);
    const terminal = new FakeTerminal('', { DOOZER_URI: `doozer:?ca=${server.address}` });
    const watching = doozer(['watch', '-r', '1', '/**'], terminal);
    for (let i = 1; i <= 20; i++) cluster.set('/a', `${i}`);
    await until(() => terminal.output.includes('/a 20 '), 'the first node');
    server.node.die();
    for (let i = 21; i <= 40; i++) cluster.set('/a', `${i}`);
    await until(() => terminal.output.includes('/a 40 '), 'the second node');
    terminal.pressCtrlC();
    await watching;
    const revisions = [...terminal.output.matchAll(/\/a (\d+) set/g)].map(([, rev]) => Number(rev));
    expect(revisions).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    await other.stop();
  });

  it('ends quietly when nobody reads any more', async () => {
    cluster.set('/a');
    const terminal = new FakeTerminal('', { DOOZER_URI: `doozer:?ca=${server.address}` });
    terminal.closed = true;
    expect(await doozer(['watch', '/**'], terminal)).toBe(0);
    expect(terminal.errors).toBe('');
  });
});

describe('where doozer connects to', () => {
  it('is -a, else DOOZER_URI', async () => {
    const other = await serve(new FakeCluster());
    other.node.cluster.set('/a');
    const uri = `doozer:?ca=${other.address}`;
    expect(await run(['-a', uri, 'rev'])).toMatchObject(said(0, '1\n'));
    expect(await run(['rev', '-a', uri])).toMatchObject(said(0, '1\n'));
    expect(await run(['-a', uri, 'rev', `--a=doozer:?ca=${server.address}`])).toMatchObject(
      said(0, '0\n'),
    );
    expect(await run(['rev'], '', { DOOZER_URI: uri })).toMatchObject(said(0, '1\n'));
    await other.stop();
  });

  it('is looked up by name with -b, else DOOZER_BOOT_URI', async () => {
    cluster.set('/ctl/ns/prod/X', server.address);
    cluster.name = 'prod';
    const boot = `doozer:?ca=${server.address}`;
    const env = { DOOZER_URI: 'doozer:?cn=prod' };
    expect(await run(['-b', boot, 'rev'], '', env)).toMatchObject(said(0, '1\n'));
    expect(await run(['rev'], '', { ...env, DOOZER_BOOT_URI: boot })).toMatchObject(said(0, '1\n'));
    const { errors, status } = await run(['-a', 'doozer:?cn=none', '-b', boot, 'rev']);
    expect([status, errors]).toEqual([
      2,
      'Error: No cluster "none" is announced in the boot cluster\n',
    ]);
  });

  it.each([
    [['-a', '127.0.0.1:8046', 'rev'], 'invalid uri: it must begin with "doozer:?" or "doozers:?"'],
    [
      ['-a', 'doozer:?', 'rev'],
      'invalid uri: it needs an address, as in "doozer:?ca=127.0.0.1:8046"',
    ],
    [['-a', 'doozer:?cn=x', 'rev'], 'invalid uri: "cn" without "ca" needs -b or DOOZER_BOOT_URI'],
    [['-b', 'x', 'rev'], 'invalid uri: it must begin with "doozer:?" or "doozers:?"'],
  ])('%j is refused in one line', async (words, line) => {
    expect(await run(words)).toMatchObject(said(2, '', `Error: ${line}\n`));
  });

  it('is said when nobody is there, in one line, within some seconds', async () => {
    const { address, close } = await silentPort();
    const env = { DOOZER_URI: `doozer:?ca=${address}` };
    const startedAt = Date.now();
    const silent = await run(['get', '/a'], '', env);
    expect(silent).toMatchObject(said(2, '', `Error: Cannot reach ${address}: no answer\n`));
    await close();
    const dead = await run(['get', '/a'], '', env);
    expect(dead).toMatchObject(said(2, '', `Error: Cannot reach ${address}: connection refused\n`));
    expect(Date.now() - startedAt).toBeLessThan(10_500);
  });

  it('needs the right secret', async () => {
    cluster.secret = 'sesame';
    const right = `doozer:?ca=${server.address}&sk=sesame`;
    expect(await run(['rev'], '', { DOOZER_URI: right })).toMatchObject(said(0, '0\n'));
    expect(await run(['rev'])).toMatchObject(said(2, '', 'Error: OTHER: permission denied\n'));
  });

  it('is left at once on Ctrl-C', async () => {
    const { address, close } = await silentPort();
    const terminal = new FakeTerminal('', { DOOZER_URI: `doozer:?ca=${address}` });
    const running = doozer(['rev'], terminal);
    terminal.pressCtrlC();
    expect(await running).toBe(130);
    expect(terminal.errors).toBe('');
    await close();
  });
});

describe('how doozer is called', () => {
  it('prints its version', async () => {
    const { output, status } = await run(['-v']);
    expect([status, output]).toEqual([0, expect.stringMatching(/^doozer \d+\.\d+\.\d+\n$/)]);
  });

  it('prints its usage on standard error for -h', async () => {
    const { errors, output, status } = await run(['-h']);
    expect([status, output]).toEqual([0, '']);
    expect(errors).toContain('Usage: doozer [options] COMMAND [options] [args]');
    for (const word of ['add', 'watch', '-r <rev>', 'DOOZER_URI']) expect(errors).toContain(word);
  });

  it.each([
    ['set', '-h'],
    ['set', '--h', '/a', '0'],
    ['-r', '1', 'set', '-h=true'],
    ['help', 'set'],
  ])('explains a command on standard output for %s %s', async (...words) => {
    const { errors, output, status } = await run(words);
    expect([status, errors]).toEqual([0, '']);
    expect(output).toMatch(/^Usage: doozer \[options\] set \[options\] <path> <rev>\n\n/);
    expect(output).toContain('REV_MISMATCH');
    expect(server.node.hellos).toBe(0);
  });

  it('has nothing to say about a command it does not know', async () => {
    const usage = 'Usage: doozer [options] frobnicate [options]\n\n';
    expect(await run(['help', 'frobnicate'])).toMatchObject(said(0, usage));
  });

  it.each([[[]], [['-r', '5']], [['--']]])('explains itself for %j, status 127', async (words) => {
    const { errors, output, status } = await run(words);
    expect([status, output]).toEqual([127, '']);
    expect(errors).toMatch(/^doozer: missing command\nUsage: doozer /);
    expect(server.node.hellos).toBe(0);
  });

  const wrongNumber = (use: string) => `doozer: wrong number of arguments; use: doozer ${use}\n`;

  it.each([
    [['frob'], 'doozer: unknown command "frob"; "doozer -h" lists them\n'],
    [
      ['-a', 'x', 'constructor', '/a'],
      'doozer: unknown command "constructor"; "doozer -h" lists them\n',
    ],
    [['get'], wrongNumber('get [options] <path>...')],
    [['stat', '/a', '/b'], wrongNumber('stat [options] <path>')],
    [['rev', 'x'], wrongNumber('rev [options]')],
    [['set', '/a'], wrongNumber('set [options] <path> <rev>')],
    // After the first argument everything is one.
    [['set', '/a', '--', '-1'], wrongNumber('set [options] <path> <rev>')],
    [['stat', '/a', '-h'], wrongNumber('stat [options] <path>')],
    [['get', '/a', '-h'], 'doozer: "-h" is no path; options stand before the first argument\n'],
    [['help'], wrongNumber('help [options] <command>')],
  ])('ends with 127 and one line for %j', async (words, line) => {
    expect(await run(words)).toMatchObject(said(127, '', line));
    expect(server.node.hellos).toBe(0);
  });

  it('takes -- before the arguments for their beginning', async () => {
    cluster.set('/a', 'x');
    expect(await run(['--', 'get', '--', '/a'])).toMatchObject(said(0, 'x'));
  });

  it.each([
    [['-x'], 'flag provided but not defined: -x'],
    [['get', '--timeout', '/a'], 'flag provided but not defined: -timeout'],
    [['set', '-1', '/a'], 'flag provided but not defined: -1'],
    [['get', '-a'], 'flag needs an argument: -a'],
    [['-r', 'x', 'rev'], 'invalid value "x" for flag -r: a whole number is wanted'],
    [
      ['wait', '-t', '5', '/a'],
      'invalid value "5" for flag -t: a duration is wanted, such as 300ms or 1m30s',
    ],
  ])('ends with 2 for %j', async (words, line) => {
    const errors = `doozer: ${line}; "doozer -h" explains\n`;
    expect(await run(words)).toMatchObject(said(2, '', errors));
  });
});
