import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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

/** What a command says with -json: each line of both streams is one value. */
async function run(words: string[], input: string | Uint8Array = '') {
  const terminal = new FakeTerminal(input, { DOOZER_URI: `doozer:?ca=${server.address}` });
  const status = await doozer(words, terminal);
  return { status, printed: values(terminal.output), wrong: values(terminal.errors) };
}

const values = (text: string): unknown[] =>
  Buffer.from(text, 'latin1')
    .toString()
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as unknown);

const done = (...printed: unknown[]) => ({ status: 0, printed, wrong: [] });

describe('with -json', () => {
  it('revisions and ids are values', async () => {
    expect(await run(['-json', 'add', '/a'], 'x')).toEqual(done({ path: '/a', revision: 1 }));
    expect(await run(['set', '--json', '/a', '1'], 'y')).toEqual(done({ path: '/a', revision: 2 }));
    expect(await run(['rev', '-json'])).toEqual(done({ revision: 2 }));
    expect(await run(['-json', 'self'])).toEqual(done({ node: server.node.id }));
    expect(await run(['-json', '-v'])).toMatchObject({ printed: [{ program: 'doozer' }] });
  });

  it('what prints nothing else prints nothing', async () => {
    expect(await run(['-json', 'touch', '/a'])).toEqual(done());
    expect(await run(['-json', 'del', '/a', '-1'])).toEqual(done());
    expect(await run(['-json', 'nop'])).toEqual(done());
  });

  it('a body is text, base64, or null where there is no file', async () => {
    cluster.set('/text', '\ufeff"two"\nlines\u2028');
    cluster.set('/bytes', Uint8Array.of(0, 255));
    cluster.set('/empty', '');
    const common = { created: expect.any(Number), lease: 0 };
    expect(await run(['-json', 'get', '/text', '/bytes', '/none', '/empty'])).toEqual(
      done(
        { path: '/text', revision: 1, ...common, body: '\ufeff"two"\nlines\u2028' },
        { path: '/bytes', revision: 2, ...common, bodyBase64: 'AP8=' },
        { path: '/none', revision: 0, ...common, body: null },
        { path: '/empty', revision: 3, ...common, body: '' },
      ),
    );
  });

  it('a listing says what is what', async () => {
    cluster.set('/d/a', 'abc');
    expect(await run(['-json', 'find', '/d'])).toEqual(
      done({ path: '/d', kind: 'directory' }, { path: '/d/a', kind: 'file', revision: 1, size: 3 }),
    );
    expect(await run(['-json', 'stat', '/d'])).toEqual(
      done({ path: '/d', kind: 'directory', count: 1 }),
    );
    expect(await run(['-json', 'stat', '/d/a'])).toEqual(
      done({
        path: '/d/a',
        kind: 'file',
        revision: 1,
        size: 3,
        created: expect.any(Number),
        lease: 0,
      }),
    );
  });

  it('changes are told by kind, and only a set has a body', async () => {
    cluster.set('/a', 'x');
    cluster.delete('/a');
    cluster.nop();
    const set = { path: '/a', revision: 1, event: 'set', body: 'x' };
    expect(await run(['-json', '-r', '1', 'wait', '/**'])).toEqual(done(set));
    const terminal = new FakeTerminal('', { DOOZER_URI: `doozer:?ca=${server.address}` });
    const watching = doozer(['watch', '-json', '-r', '1', '/**'], terminal);
    await until(() => terminal.output.split('\n').length > 3, 'three records');
    terminal.pressCtrlC();
    expect(await watching).toBe(130);
    expect(values(terminal.output)).toEqual([
      set,
      { path: '/a', revision: 2, event: 'del' },
      { path: '/', revision: 3, event: 'nop' },
    ]);
  });

  it('help stays text', async () => {
    const terminal = new FakeTerminal();
    expect(await doozer(['-json', 'help', 'get'], terminal)).toBe(0);
    expect(terminal.output).toMatch(/^Usage: /);
  });

  it.each([
    [
      ['-json', 'set', '/a', '0'],
      {
        error: 'REV_MISMATCH',
        code: 'ERR_REV_MISMATCH',
        message: expect.any(String),
        effect: 'none',
        retry: 'never',
        status: 1,
      },
    ],
    [
      ['-json', 'get', '/a', '/d'],
      {
        error: 'ISDIR',
        code: 'ERR_IS_DIRECTORY',
        message: expect.any(String),
        path: '/d',
        effect: 'none',
        retry: 'never',
        status: 2,
      },
    ],
    [
      ['-json', 'stat', '/none'],
      {
        error: null,
        code: null,
        message: 'No such file or directory: /none',
        effect: 'none',
        status: 2,
      },
    ],
    [
      ['frob', '-json'],
      {
        error: null,
        code: null,
        message: 'unknown command "frob"; "doozer -h" lists them',
        effect: 'none',
        status: 127,
      },
    ],
    [
      ['-json', 'get', '-x'],
      {
        error: null,
        code: null,
        message: 'flag provided but not defined: -x; "doozer -h" explains',
        effect: 'none',
        status: 2,
      },
    ],
    [['-json'], expect.objectContaining({ message: 'missing command', status: 127 })],
  ])('%j goes wrong in one value', async (words, wrong) => {
    cluster.set('/a', 'x');
    cluster.set('/d/a', 'x');
    const said = await run(words);
    expect(said.wrong).toEqual([wrong]);
    expect(said.status).toBe(said.wrong.map((line) => (line as { status: number }).status)[0]);
  });

  it('a forgotten revision comes with the oldest that is left', async () => {
    for (let i = 0; i < 5; i++) cluster.set('/a', 'x');
    cluster.oldest = 3;
    const { wrong } = await run(['-json', '-r', '1', 'watch', '/**']);
    expect(wrong).toMatchObject([{ error: 'TOO_LATE', oldestRevision: 3 }]);
  });

  it('a write without an answer says that its effect is unknown', async () => {
    const { address, close } = await silentPort();
    const terminal = new FakeTerminal();
    const uri = `doozer:?ca=${address}`;
    const running = doozer(['-json', '-a', uri, 'rev'], terminal);
    expect(await running).toBe(2);
    expect(values(terminal.errors)).toMatchObject([{ code: 'ERR_UNREACHABLE', effect: 'none' }]);
    await close();
    server.node.refuse = (request) =>
      request.kind === 'set' ? { code: 'ERR_OUTCOME_UNKNOWN', effect: 'unknown' } : null;
    const { wrong } = await run(['-json', 'add', '/a'], 'x');
    expect(wrong).toMatchObject([{ error: 'OTHER', effect: 'unknown' }]);
  });
});

describe('get of several paths', () => {
  it('prints the bodies one after the other, with nothing between and for none', async () => {
    cluster.set('/a', 'one');
    cluster.set('/b', Uint8Array.of(0, 255));
    const terminal = new FakeTerminal('', { DOOZER_URI: `doozer:?ca=${server.address}` });
    expect(await doozer(['get', '/b', '/none', '/a', '/a'], terminal)).toBe(0);
    expect(terminal.output).toBe('\x00\xffoneone');
  });

  it('ends with the first that cannot be read, and names it', async () => {
    cluster.set('/a', 'one');
    cluster.set('/d/x', 'two');
    const terminal = new FakeTerminal('', { DOOZER_URI: `doozer:?ca=${server.address}` });
    expect(await doozer(['get', '/a', '/d', '/a'], terminal)).toBe(2);
    expect([terminal.output, terminal.errors]).toEqual(['one', 'Error: ISDIR: /d\n']);
  });
});
