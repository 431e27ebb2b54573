import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClusterError } from '../../src/base/index.ts';
import { doozer } from '../../src/cli/doozer.ts';
import { keepVigil } from '../../src/cli/vigil.ts';
import { FakeCluster } from '../client/fake-cluster.ts';
import { type FakeServer, serve } from '../client/fake-server.ts';
import { FakeTerminal, until } from './fake-terminal.ts';

describe('a vigil beside a watch', () => {
  it('says once that nobody is there, and once that somebody is again', async () => {
    const notes: string[] = [];
    let asked = 0;
    let isThere = true;
    const client = {
      open: async () => {
        asked += 1;
        if (!isThere) throw new ClusterError('ERR_UNREACHABLE', 'Cannot reach h:1: refused');
      },
    };
    const over = new AbortController();
    const note = (what: unknown): void => void notes.push(String(what));
    const vigil = keepVigil({ client, note, everyMs: 1 }, over.signal);
    /** Long enough for what would be said to be said, twice. */
    const someTime = async (): Promise<void> => {
      const then = asked;
      await until(() => asked > then + 3, 'some more questions');
    };
    await someTime();
    expect(notes).toEqual([]);
    isThere = false;
    await someTime();
    const away =
      'doozer: no node has answered for 1 ms (Cannot reach h:1: refused); waiting for one';
    expect(notes).toEqual([away]);
    isThere = true;
    await someTime();
    expect(notes).toEqual([away, 'doozer: a node answers again']);
    over.abort();
    await vigil;
  });
});

describe('watch and wait, when nodes are lost', () => {
  let cluster: FakeCluster;
  let first: FakeServer;
  let second: FakeServer;
  let terminal: FakeTerminal;
  beforeEach(async () => {
    cluster = new FakeCluster();
    first = await serve(cluster);
    second = await serve(cluster);
    const uri = `doozer:?ca=${first.address}&ca=${second.address}`;
    terminal = new FakeTerminal('', { DOOZER_URI: uri });
  });
  afterEach(async () => {
    await first.stop();
    await second.stop();
  });

  /** Stops the node that serves; says which is left, and `mood` it is in. */
  async function loseTheOne(mood: 'up' | 'down' = 'up'): Promise<FakeServer> {
    const [lost, left] = first.node.sessions.size > 0 ? [first, second] : [second, first];
    left.node.mood = mood;
    await lost.stop();
    return left;
  }

  it('print every change once', async () => {
    cluster.set('/a', '1');
    const watching = doozer(['watch', '/a'], terminal);
    await until(() => terminal.output !== '', 'the first record');
    await loseTheOne();
    for (let i = 2; i < 6; i++) cluster.set('/a', String(i));
    await until(() => terminal.output.includes('/a 5 set'), 'the last record');
    terminal.pressCtrlC();
    expect(await watching).toBe(130);
    expect(terminal.output).toBe([1, 2, 3, 4, 5].map((i) => `/a ${i} set 1\n${i}\n`).join(''));
  });

  it('wait with the next node', async () => {
    cluster.nop();
    const waiting = doozer(['-r', '2', 'wait', '/a'], terminal);
    const waits = () =>
      [first, second].some(({ node }) => node.requests.some(({ kind }) => kind === 'wait'));
    await until(waits, 'the wait to be asked for');
    await loseTheOne();
    cluster.set('/a', 'x');
    expect(await waiting).toBe(0);
    expect(terminal.output).toBe('/a 2 set 1\nx\n');
  });

  it('say after which revision changes were forgotten', async () => {
    cluster.set('/a', '1');
    const watching = doozer(['watch', '/a'], terminal);
    await until(() => terminal.output !== '', 'the first record');
    const left = await loseTheOne('down');
    for (let i = 2; i < 6; i++) cluster.set('/a', String(i));
    cluster.oldest = 4;
    left.node.mood = 'up';
    expect(await watching).toBe(2);
    expect(terminal.errors).toBe(
      'doozer: changes after revision 1 were forgotten meanwhile; changes are left from revision 4 on\nError: TOO_LATE\n',
    );
  });
});
