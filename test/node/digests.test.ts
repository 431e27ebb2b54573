// Whole clusters in which the tree of some nodes is wrong (C1, C2).
import { afterEach, expect, test } from 'vitest';
import { nextIndex, utf8 } from '../../src/base/index.ts';
import { nilOrigin } from '../../src/protocol/index.ts';
import {
  apply,
  digestText,
  fileAt,
  snapshotDecoder,
  type TreeState,
} from '../../src/tree/index.ts';
import {
  Cluster,
  type ClusterOptions,
  globOf,
  idOf,
  letterOf,
  pathOf,
} from '../support/cluster.ts';

const still = { steward: null } as const;
let cluster: Cluster;

const make = async (letters: string, options: ClusterOptions = {}): Promise<void> => {
  cluster = await Cluster.of(letters, { ...still, ...options });
  await cluster.write('A', '/before', 'x');
  await cluster.converge();
};

afterEach(async () => {
  for (const letter of cluster.running()) await cluster.kill(letter);
});

/** A tree that holds one file that no command ever wrote. */
const rotten =
  (body: string) =>
  (state: TreeState): TreeState => {
    const command = { kind: 'set' as const, path: pathOf('/rot'), body: utf8(body), guard: -1 };
    const envelope = { origin: nilOrigin, session: 0 as never, seq: 0, ackedBelow: 0, command };
    const change = {
      index: nextIndex(state.appliedIndex),
      term: state.appliedTerm,
      time: state.clusterTime,
      body: { kind: 'command' as const, envelope },
    };
    const { files, directories, filesDigest } = apply(state, change).state;
    return { ...state, files, directories, filesDigest };
  };

/** The node ends, and what it finds at its start is wrong. */
async function rot(letter: string, body = 'rot'): Promise<void> {
  await cluster.kill(letter);
  cluster.wrong.add(letter);
  cluster.store(letter).rot = rotten(body);
  cluster.start(letter);
}

const serves = (letter: string): boolean => cluster.node(letter).serves();
const digestsOf = (letter: string) => cluster.status(letter).digests;
const digest = (letter: string): string => digestText(cluster.node(letter).view());
const condemned = (letter: string): Promise<void> =>
  cluster.until(() => !serves(letter), `${letter} is condemned`);
const errors = (letter: string): string[] =>
  cluster.life(letter).logged.filter((line) => line.startsWith('error'));

async function leadsA(): Promise<void> {
  const first = await cluster.newLeader();
  if (first === 'A') return;
  await cluster.until(() => cluster.status('A').raft.leader === idOf(first), 'A follows');
  cluster
    .node(first)
    .transferLeadership(idOf('A'))
    .catch(() => {});
  await cluster.until(() => cluster.leader() === 'A', 'A leads');
}

async function recovered(letter: string): Promise<void> {
  await cluster.until(() => serves(letter), `${letter} serves again`);
  const isAccused = (by: string) => digestsOf(by).outvoted.includes(idOf(letter));
  await cluster.until(() => !cluster.running().some(isAccused), 'the others have heard of it');
  cluster.wrong.delete(letter);
  await cluster.converge();
  const others = cluster.running().filter((other) => !cluster.wrong.has(other));
  expect(new Set(others.map(digest)).size).toBe(1);
  expect(cluster.body(letter, '/rot')).toBeNull();
}

/** No state reaches this node, until the rules are taken away. */
function withholdStates(from: string): void {
  cluster.board.rules.push((_, to, frame) => {
    const isPiece = frame.nodeMessages.some(({ kind }) => kind === 'snapshotPiece');
    return to === idOf(from) && isPiece ? { copies: 0, delayRounds: 0 } : null;
  });
}

/** Runs on and asserts all the time that only these are ever condemned. */
async function onlyCondemned(letters: string, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 50) {
    await cluster.run(50);
    for (const letter of cluster.running()) {
      if (!letters.includes(letter)) expect(digestsOf(letter).condemned).toBeNull();
    }
  }
}

test('a follower whose tree is wrong is condemned in a quiet cluster, and takes a right one', async () => {
  await make('ABC');
  await rot('B');
  await condemned('B');
  const { condemned: why } = digestsOf('B');
  expect(why).not.toBeNull();
  expect(why?.digest).not.toBe(why?.majority);
  const write = cluster.set('B', '/x', 'y');
  const read = cluster.read('B');
  expect(write.error?.code).toBe('ERR_CONDEMNED');
  expect(read.error?.code).toBe('ERR_CONDEMNED');
  expect(write.error?.effect).toBe('none');
  await recovered('B');
  expect(errors('B').join()).toContain('it is condemned');
  await cluster.write('B', '/after', 'z');
  expect(cluster.body('B', '/after')).toBe('z');
  await onlyCondemned('', 5000);
});

test('the wrong state is kept for people, as it was', async () => {
  await make('ABC');
  await rot('B', 'what rotted');
  await recoveredAfterCondemned('B');
  const { evidence } = cluster.store('B');
  expect(evidence).toHaveLength(1);
  const decoder = snapshotDecoder();
  for (const part of evidence[0]?.parts ?? []) decoder.push(part);
  const file = fileAt(decoder.finish(), pathOf('/rot'));
  expect(file?.body).toEqual(utf8('what rotted'));
});

async function recoveredAfterCondemned(letter: string): Promise<void> {
  await condemned(letter);
  await recovered(letter);
}

test('a condemned node acknowledges and votes, never campaigns, and does not serve', async () => {
  await make('ABC');
  withholdStates('B');
  await rot('B');
  await condemned('B');
  const { term, last } = cluster.status('B').raft;
  await cluster.kill('A');
  let roles = '';
  await cluster.until(() => {
    roles += ` ${cluster.status('B').raft.role}`;
    return cluster.leader() === 'C';
  }, 'C leads by the vote of B');
  expect(roles).not.toContain('andidate');
  const write = await cluster.write('C', '/x', 'y');
  expect(write.value?.kind).toBe('applied');
  expect(serves('B')).toBe(false);
  expect(cluster.body('B', '/x')).toBeNull();
  expect(cluster.status('B').raft.term).toBeGreaterThan(term);
  expect(cluster.status('B').raft.last.index).toBeGreaterThan(last.index);
  cluster.board.rules.length = 0;
  await recovered('B');
  expect(cluster.body('B', '/x')).toBe('y');
});

test('a leader whose tree is wrong hands over, and condemns nobody', async () => {
  await make('ABC');
  await rot('A');
  await leadsA();
  expect(serves('A')).toBe(true);
  await condemned('A');
  expect(cluster.node('A').leads()).toBe(false);
  await cluster.until(() => cluster.leader() !== 'A' && cluster.leader() !== null, 'another leads');
  await onlyCondemned('A', 3000);
  await recovered('A');
  const write = await cluster.write('A', '/x', 'y');
  expect(write.value?.kind).toBe('applied');
});

test('a condemned leader that can hand over to nobody leads on, and serves nobody', async () => {
  await make('ABC');
  await rot('A');
  await leadsA();
  withholdStates('A');
  cluster.board.rules.push((_, __, frame) =>
    frame.messages.some(({ kind }) => kind === 'timeoutNow') ? { copies: 0, delayRounds: 0 } : null,
  );
  await condemned('A');
  await cluster.run(3000);
  expect(cluster.status('A').raft.role).toBe('leader');
  expect(cluster.node('A').leads()).toBe(false);
  expect(cluster.read('A').error?.code).toBe('ERR_CONDEMNED');
  cluster.board.rules.length = 0;
  await cluster.until(() => cluster.leader() !== 'A', 'another leads');
  await recovered('A');
});

test('three voters that all differ are an alarm on each, once, and nothing is copied', async () => {
  await make('ABC');
  await rot('B', 'one');
  await rot('C', 'two');
  cluster.board.recording = true;
  await onlyCondemned('', 12_000);
  for (const letter of 'ABC') {
    expect(
      [...(digestsOf(letter).dispute?.groups.values() ?? [])].flat().map(letterOf).sort(),
    ).toEqual(['A', 'B', 'C']);
    expect(errors(letter)).toHaveLength(1);
    expect(errors(letter)[0]).toContain('no majority agrees');
    expect(errors(letter)[0]).toContain(idOf('B'));
    expect(serves(letter)).toBe(true);
  }
  const copied = cluster.board.sent.flatMap(({ frame }) => frame.nodeMessages);
  expect(copied.some(({ kind }) => kind === 'snapshotPiece')).toBe(false);
});

test('in a cluster of two nobody can say who is right: an alarm, and both serve', async () => {
  await make('AB');
  await rot('B');
  await onlyCondemned('', 6000);
  for (const letter of 'AB') {
    expect(digestsOf(letter).dispute).not.toBeNull();
    expect(errors(letter)).toHaveLength(1);
    expect(serves(letter)).toBe(true);
  }
});

test('of five voters two that are wrong, each in its way, are condemned by the other three', async () => {
  await make('ABCDE');
  await rot('B', 'one');
  await rot('C', 'two');
  await condemned('B');
  await condemned('C');
  await recovered('B');
  await recovered('C');
  await onlyCondemned('', 4000);
});

test('two of five that agree condemn nobody while the other two are silent', async () => {
  await make('ABCDE');
  await cluster.kill('D');
  await cluster.kill('E');
  await cluster.write('A', '/later', 'x');
  await rot('C');
  await cluster.newLeader();
  await cluster.write('A', '/later', 'y');
  await onlyCondemned('', 6000);
  expect(digestsOf('A').dispute).not.toBeNull();
  // A third voice decides.
  cluster.start('D');
  await condemned('C');
  await recovered('C');
  expect(digestsOf('A').dispute).toBeNull();
});

test('a learner that lags is not condemned, and one that is wrong is', async () => {
  await make('ABC');
  await cluster.attach('D');
  cluster.isolate('D');
  for (let i = 0; i < 150; i++) cluster.set('A', `/lag/${i}`, 'x');
  await onlyCondemned('', 4000);
  cluster.board.heal();
  await onlyCondemned('', 4000);
  await cluster.converge();
  await rot('D');
  await recoveredAfterCondemned('D');
  expect(cluster.learners()).toBe('D');
});

test('a node is condemned under load as well, and misses none of what was written meanwhile', async () => {
  await make('ABC', { node: { snapshotEveryBytes: 6000, logKeptBytes: 500 } });
  await rot('B');
  for (let round = 0; round < 60; round++) {
    for (let i = 0; i < 10; i++) cluster.set('C', `/load/${(round * 7 + i) % 90}`, `${round}`);
    await cluster.run(100);
  }
  expect(errors('B').join()).toContain('it is condemned');
  await recovered('B');
});

test('a condemned node writes no snapshot and sends none; after a restart it is right', async () => {
  await make('ABC', { node: { snapshotEveryBytes: 3000, logKeptBytes: 500 } });
  withholdStates('B');
  await rot('B');
  await condemned('B');
  const before = cluster.store('B').snapshotsWritten;
  for (let i = 0; i < 100; i++) cluster.set('A', `/load/${i}`, 'x');
  await cluster.run(2000);
  expect(cluster.store('B').snapshotsWritten).toBe(before);
  expect(cluster.store('C').snapshotsWritten).toBeGreaterThan(0);
  cluster.board.rules.length = 0;
  await recovered('B');
  await cluster.kill('B');
  cluster.start('B');
  await cluster.converge();
  expect(cluster.body('B', '/rot')).toBeNull();
  await onlyCondemned('', 3000);
});

test('a state that is ahead of the log waits until the log reaches there', async () => {
  await make('ABC');
  let asks = false;
  cluster.board.rules.push((_, __, frame) => {
    const wants = frame.nodeMessages.some(({ kind }) => kind === 'snapshotWanted');
    return wants && !asks ? { copies: 0, delayRounds: 0 } : null;
  });
  await rot('B');
  await condemned('B');
  cluster.board.rules.push((_, to, frame) => {
    const appends = frame.messages.some(({ kind }) => kind === 'appendRequest');
    return to === idOf('B') && appends ? { copies: 0, delayRounds: 0 } : null;
  });
  const leader = cluster.leader() ?? '';
  await cluster.write(leader, '/ahead', 'x');
  // The first state that is new enough is written now, and is too new.
  asks = true;
  await onlyCondemned('B', 5000);
  expect(serves('B')).toBe(false);
  cluster.board.rules.length = 0;
  await recovered('B');
  expect(cluster.body('B', '/ahead')).toBe('x');
});

test('a node that is wrong again after a restart is condemned again', async () => {
  await make('ABC');
  withholdStates('B');
  await rot('B');
  await condemned('B');
  await rot('B');
  expect(serves('B')).toBe(true);
  await condemned('B');
  cluster.board.rules.length = 0;
  await recovered('B');
});

test('a condemned node that alone could be elected is, in the end, and hands over', async () => {
  await make('ABC');
  withholdStates('B');
  await rot('B');
  await condemned('B');
  // What the leader appends reaches B alone, and then it dies: C can not win the vote of B.
  const leader = cluster.leader() ?? '';
  const other = leader === 'A' ? 'C' : 'A';
  cluster.board.cut(idOf(leader), idOf(other));
  const { index } = cluster.status('B').raft.last;
  const write = cluster.set(leader, '/only/here', 'x');
  await cluster.until(() => cluster.status('B').raft.last.index > index, 'B holds it');
  await cluster.kill(leader);
  await cluster.until(() => cluster.leader() === other, 'the other one leads', 60_000);
  expect(write.calls).toBe(1);
  expect(serves('B')).toBe(false);
  cluster.board.rules.length = 0;
  await recovered('B');
});

test('who waits at a node that is condemned is told, and nobody hears anything of the wrong tree', async () => {
  await make('ABC');
  await rot('B');
  await cluster.until(() => cluster.status('B').life === 'ready', 'B is there');
  let told = '';
  let heard = 0;
  const far = cluster.node('B').view().revision + 1000;
  cluster.node('B').whenRevision(far as never, {
    ready: () => {},
    failed: ({ code }) => {
      told = code;
    },
  });
  let listened = 0;
  const cancel = cluster.node('B').onCondemned(() => {
    listened++;
    cancelWatch();
  });
  const cancelWatch = cluster.node('B').watch(globOf('/**'), far as never, {
    event: () => {
      heard++;
    },
    compacted: () => {},
  });
  await condemned('B');
  expect(told).toBe('ERR_CONDEMNED');
  expect(listened).toBe(1);
  cancel();
  await recovered('B');
  expect(heard).toBe(0);
});
