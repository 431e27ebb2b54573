// `doozer lock` and `doozer elect` with a made-up terminal, programs that end when told, and a real node.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Complaint } from '../../src/cli/complaint.ts';
import { doozer } from '../../src/cli/doozer.ts';
import type { Client } from '../../src/connect/index.ts';
import { Town, textOf } from '../daemon/support/town.ts';
import { type FakeChild, FakeTerminal, until } from './fake-terminal.ts';

let town: Town;
let address: string;
let client: Client;
beforeEach(async () => {
  town = new Town();
  const node = await town.start('0');
  address = node.address;
  client = await town.client(node);
});
afterEach(() => town.end());

const uri = (): string => `doozer:?ca=${address}`;

/** A command that was begun. */
function begin(...words: string[]) {
  const terminal = new FakeTerminal('', { DOOZER_URI: uri() });
  let status: number | null = null;
  const ended = doozer(words, terminal).then((ending) => {
    status = ending;
    return ending;
  });
  const child = async (): Promise<FakeChild> => {
    await until(() => terminal.children.length > 0 || status !== null, 'the program');
    const [first] = terminal.children;
    if (first === undefined) throw new Error(`ended with ${status}: ${terminal.errors}`);
    return first;
  };
  return { terminal, ended, child };
}

const places = async (folder: string): Promise<string[]> => {
  const found: string[] = [];
  for await (const { path } of client.walk(`${folder}/*`)) found.push(path);
  return found;
};

async function soon(what: string, holds: () => Promise<boolean>): Promise<void> {
  const givenUpAt = Date.now() + 10_000;
  while (!(await holds())) {
    if (Date.now() > givenUpAt) throw new Error(`Waited ten seconds for: ${what}`);
  }
}

describe('doozer lock', () => {
  it('runs the program with the token in its environment, and ends as it ends', async () => {
    const { child, ended, terminal } = begin('lock', 'a', '--', 'make', '-j', '--', '-t', 'x y');
    const program = await child();
    expect(program.words).toEqual(['make', '-j', '--', '-t', 'x y']);
    const [path = ''] = await places('/lock/a');
    const file = await client.get(path);
    expect(program.env).toEqual({
      DOOZER_URI: uri(),
      DOOZER_LOCK_PATH: path,
      DOOZER_LOCK_TOKEN: String(file?.created),
    });
    expect(textOf(file?.body)).toMatch(/ [0-9]+$/);
    program.end(7);
    expect(await ended).toBe(7);
    expect(await places('/lock/a')).toEqual([]);
    expect([terminal.output, terminal.errors]).toEqual(['', '']);
  });

  it('takes a path as it is, and a cluster from the command line', async () => {
    const given = `doozer:?ca=${address}&x=1`;
    const { child, ended } = begin('-a', given, '-b', uri(), 'lock', '/deep/lock', '--', 'true');
    const program = await child();
    expect(program.env).toMatchObject({ DOOZER_URI: given, DOOZER_BOOT_URI: uri() });
    expect((await places('/deep/lock')).length).toBe(1);
    program.end(0);
    expect(await ended).toBe(0);
  });

  it('waits for others, and gives up after -t without a trace', async () => {
    const held = await client.lock('/lock/a');
    const { ended, terminal } = begin('lock', '-t', '100ms', 'a', '--', 'true');
    expect(await ended).toBe(2);
    expect(terminal.errors).toBe(
      'Error: lock "/lock/a" timeout: others had it for all of 100 ms\n',
    );
    expect(terminal.children).toEqual([]);
    expect(await places('/lock/a')).toEqual([held.path]);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('gives up waiting at %s, without a trace', async (signal, status) => {
    const held = await client.lock('/lock/a');
    const { ended, terminal } = begin('lock', 'a', '--', 'true');
    await soon('two places', async () => (await places('/lock/a')).length === 2);
    terminal.receive(signal);
    expect(await ended).toBe(status);
    expect(await places('/lock/a')).toEqual([held.path]);
    expect(terminal.errors).toBe('');
  });

  it('passes signals on to the program, and waits for what it makes of them', async () => {
    const { child, ended, terminal } = begin('lock', 'a', '--', 'sleep', '9');
    const program = await child();
    terminal.receive('SIGINT');
    terminal.receive('SIGTERM');
    expect(program.signals).toEqual(['SIGINT', 'SIGTERM']);
    expect((await places('/lock/a')).length).toBe(1);
    program.end(143);
    expect(await ended).toBe(143);
    expect(await places('/lock/a')).toEqual([]);
  });

  it('asks the program to end when the lock is lost, and ends with 123', async () => {
    const { child, ended, terminal } = begin('lock', 'a', '--', 'work');
    const program = await child();
    program.onSignal = (name) => {
      if (name === 'SIGTERM') program.end(0);
    };
    const [path = ''] = await places('/lock/a');
    await client.delete(path, -1);
    expect(await ended).toBe(123);
    expect(program.signals[0]).toBe('SIGTERM');
    const why = `The place "${path}" is lost: its file was deleted`;
    expect(terminal.errors).toBe(`doozer: lock "/lock/a" is lost: ${why}; ending "work"\n`);
  });

  it('kills a program that does not end within the grace', async () => {
    const { child, ended } = begin('lock', '-grace', '50ms', 'a', '--', 'work');
    const program = await child();
    program.onSignal = (name) => {
      if (name === 'SIGKILL') program.end(137);
    };
    const [path = ''] = await places('/lock/a');
    await client.delete(path, -1);
    expect(await ended).toBe(123);
    expect(program.signals).toEqual(['SIGTERM', 'SIGCONT', 'SIGKILL']);
  });

  it('ends the program before the lease does when the cluster is gone', async () => {
    const { child, ended, terminal } = begin('lock', '-length', '2s', 'a', '--', 'work');
    const program = await child();
    const signalledAt: Record<string, number> = {};
    program.onSignal = (name) => {
      signalledAt[name] = Date.now();
      if (name === 'SIGKILL') program.end(137);
    };
    const goneAt = Date.now();
    await client.close();
    await town.end();
    expect(await ended).toBe(123);
    expect(signalledAt['SIGTERM']).toBeLessThan(goneAt + 2000);
    expect(terminal.errors).toMatch(/ends in [0-9]+ ms, since the cluster does not answer/);
    expect(terminal.errors).toMatch(/could not be let go .* it ends within 2 s\n$/);
  });

  it('lets go when the program cannot be started', async () => {
    const terminal = new FakeTerminal('', { DOOZER_URI: uri() });
    terminal.startFailure = new Complaint('doozer: cannot start "nothing": no such program', 127);
    expect(await doozer(['lock', 'a', '--', 'nothing'], terminal)).toBe(127);
    expect(terminal.errors).toBe('doozer: cannot start "nothing": no such program\n');
    expect(await places('/lock/a')).toEqual([]);
  });

  it.each([
    [['lock', 'a', 'true'], 127, 'lock needs "--" and a program after the name'],
    [['lock', 'a', '--'], 127, 'lock needs "--" and a program after the name'],
    [['lock', 'a'], 127, 'use: doozer lock [options] <name> -- <program> [args]'],
    [['lock', '-length', '1ms', 'a', '--', 'x'], 2, '-length 1 ms: must be from 1 s to 86400 s'],
    [['lock', '-grace', '15s', 'a', '--', 'x'], 2, '-grace 15 s: must be less than -length, 15 s'],
    [['lock', '-grace', 'soon', 'a', '--', 'x'], 2, 'invalid value "soon" for flag -grace'],
  ])('refuses %j before anything is sent', async (words, status, said) => {
    const { ended, terminal } = begin(...words);
    expect(await ended).toBe(status);
    expect(terminal.errors).toContain(said);
    expect(await client.stat('/lock')).toBeNull();
  });
});

describe('doozer elect', () => {
  it('runs the program as leader, whom everybody can read', async () => {
    const { child, ended } = begin('elect', '-value', '10.0.0.1:80', 'web', '--', 'serve');
    const program = await child();
    const leader = await client.leader('/election/web');
    expect(program.env).toMatchObject({
      DOOZER_LEADER_PATH: leader?.path,
      DOOZER_LEADER_TOKEN: String(leader?.token),
    });
    const asked = begin('elect', 'web');
    expect(await asked.ended).toBe(0);
    expect(asked.terminal.output).toBe('10.0.0.1:80\n');
    program.end(0);
    expect(await ended).toBe(0);
    const late = begin('elect', 'web');
    expect(await late.ended).toBe(1);
    expect([late.terminal.output, late.terminal.errors]).toEqual(['', '']);
  });

  it('lets the next candidate run when the leader’s program ends', async () => {
    const first = begin('elect', 'web', '--', 'one');
    const one = await first.child();
    const second = begin('elect', 'web', '--', 'two');
    await soon('two candidates', async () => (await places('/election/web')).length === 2);
    expect(second.terminal.children).toEqual([]);
    one.end(3);
    const two = await second.child();
    expect(Number(two.env['DOOZER_LEADER_TOKEN'])).toBeGreaterThan(
      Number(one.env['DOOZER_LEADER_TOKEN']),
    );
    two.end(4);
    expect([await first.ended, await second.ended]).toEqual([3, 4]);
  });
});

describe('doozer lease', () => {
  const said = async (...words: string[]) => {
    const { ended, terminal } = begin(...words);
    return { status: await ended, output: terminal.output, errors: terminal.errors };
  };

  it('grants, shows and revokes one, with the files that were written with it', async () => {
    const granted = await said('lease', 'grant', '30s');
    const id = granted.output.trim();
    expect(granted).toEqual({ status: 0, output: `${id}\n`, errors: '' });
    expect((await said('add', '-lease', id, '/a')).status).toBe(0);
    expect((await said('-lease', id, 'set', '/b', '-1')).status).toBe(0);
    const shown = await said('lease', 'show', id);
    expect(shown.output).toMatch(/^length 30000ms\nleft (2[0-9]{4}|30000)ms\n\/a\n\/b\n$/);
    expect(await said('lease', 'revoke', id)).toEqual({ status: 0, output: '', errors: '' });
    expect(await client.get('/a')).toBeNull();
    for (const act of ['show', 'revoke', 'keep']) {
      const { errors, status } = await said('lease', act, id);
      expect(status).toBe(1);
      expect(errors).toMatch(/^Error: .*[Ll]ease [0-9]+ is not there: it ended, or never was\n$/);
    }
  });

  it('keeps one alive until it is interrupted, and leaves it there', async () => {
    const id = (await said('lease', 'grant', '1s')).output.trim();
    const kept = begin('lease', 'keep', id);
    let leftMs = Number.POSITIVE_INFINITY;
    let lengthened = 0;
    await soon('three signs of life', async () => {
      const report = await client.lease(Number(id));
      const now = report?.leftMs ?? 0;
      if (now > leftMs + 100) lengthened += 1;
      leftMs = now;
      return lengthened === 3;
    });
    kept.terminal.receive('SIGINT');
    expect(await kept.ended).toBe(130);
    expect(await client.lease(Number(id))).not.toBeNull();
  });

  it('ends with 1 when the lease that it keeps is revoked', async () => {
    const id = (await said('lease', 'grant', '1s')).output.trim();
    const kept = begin('lease', 'keep', id);
    await client.revoke(Number(id));
    expect(await kept.ended).toBe(1);
  });

  it.each([
    [['lease', 'grant', '10'], 2, 'invalid length "10": a duration from 1 s to 86400 s is wanted'],
    [['lease', 'grant', '1ms'], 2, 'invalid length "1ms"'],
    [['lease', 'show', '0'], 2, 'invalid lease "0": a number above 0 is wanted'],
    [
      ['lease', 'extend', '1'],
      127,
      'lease has no "extend"; there are grant, keep, revoke and show',
    ],
    [['add', '-lease', 'x', '/a'], 2, 'invalid value "x" for flag -lease'],
  ])('refuses %j', async (words, status, errors) => {
    expect(await said(...words)).toMatchObject({ status, errors: expect.stringContaining(errors) });
  });
});

describe('doozer txn', () => {
  const txn = async (...lines: string[]) => {
    const terminal = new FakeTerminal(lines.join('\n'), { DOOZER_URI: uri() });
    const status = await doozer(['txn'], terminal);
    return { status, output: terminal.output, errors: terminal.errors };
  };

  it('does the first operations when the compares hold, and says what became of each', async () => {
    const lines = ['set /a "x"', 'create /q/ "y"', 'count /n +5', 'get /a', 'get /none', 'del /a'];
    const { status, output } = await txn('absent /a', 'then', ...lines);
    expect(status).toBe(0);
    // The node's own pulse may have written meanwhile; what is one transaction has revisions in a row.
    const first = Number(/^set [/]a ([0-9]+)\n/.exec(output)?.[1]);
    const at = (n: number): number => first + n - 1;
    expect(output).toBe(
      [
        `set /a ${at(1)}`,
        `create /q/${String(at(2)).padStart(16, '0')} ${at(2)}`,
        `count /n ${at(3)} 5`,
        `get /a ${at(1)} "x"`,
        'get /none 0',
        `del /a ${at(4)}`,
        '',
      ].join('\n'),
    );
  });

  it('does the others when they do not, with status 1', async () => {
    await client.set('/a', Uint8Array.of(0, 255), -1);
    const { revision = 0 } = (await client.get('/a')) ?? {};
    const said = await txn('absent /a', 'then', 'set /b ""', 'else', 'get /a');
    expect(said).toEqual({ status: 1, output: `get /a ${revision} "\\x00\\xff"\n`, errors: '' });
    expect(await txn('absent /a', 'then', 'set /b ""')).toMatchObject({ status: 1, output: '' });
    expect(await client.get('/b')).toBeNull();
  });

  it('does nothing of one that is refused in part', async () => {
    await client.set('/a', '', -1);
    const said = await txn('then', 'set /b ""', 'set /a 0 ""');
    expect(said).toMatchObject({ status: 1, output: '', errors: 'Error: REV_MISMATCH\n' });
    expect(await client.get('/b')).toBeNull();
  });

  it('tells where a mistake is, before anything is sent', async () => {
    expect(await txn('absent /a', 'then', 'set a "x"')).toEqual({
      status: 2,
      output: '',
      errors: 'Error: line 3, column 5: a path begins with a slash, a does not\n',
    });
  });
});
