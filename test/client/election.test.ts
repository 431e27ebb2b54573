// Elections over a made-up tree: who leads, who is told, and what a past leader cannot do any more.
import { beforeEach, describe, expect, it } from 'vitest';
import { textOf } from '../../src/base/index.ts';
import { campaign, type Leadership, leader, observe } from '../../src/client/election.ts';
import { QueueGuest, QueueTree, settle } from './queue-world.ts';
import { outcomeOf } from './world.ts';

let tree: QueueTree;
beforeEach(() => {
  tree = new QueueTree();
});
const guest = (): QueueGuest => new QueueGuest(tree);

async function candidate(value: string) {
  const outcome = outcomeOf(campaign(guest(), '/e', value, {}));
  await settle();
  return { outcome, leading: () => outcome.of() as Leadership };
}

/** What an observer has been told so far. */
async function observer() {
  const abort = new AbortController();
  const told: (string | null)[] = [];
  const done = (async () => {
    for await (const now of observe(guest(), '/e', { signal: abort.signal })) {
      told.push(now === null ? null : textOf(now.value));
    }
  })();
  await settle();
  return { abort, done, told };
}

describe('an election', () => {
  it('has one leader at a time, in the order of the candidates', async () => {
    const first = await candidate('a');
    const second = await candidate('b');
    expect(await leader(guest(), '/e')).toMatchObject({ token: first.leading().token });
    expect(second.outcome.of()).toBe('pending');
    await first.leading().resign();
    await settle();
    const now = await leader(guest(), '/e');
    expect(textOf(now?.value ?? new Uint8Array())).toBe('b');
    expect(now?.token).toBeGreaterThan(first.leading().token);
  });

  it('has none where nobody stands', async () => {
    expect(await leader(guest(), '/e')).toBeNull();
    tree.set('/e/notes');
    expect(await leader(guest(), '/e')).toBeNull();
  });
});

describe('a leader', () => {
  it('proclaims another value and stays in office, on its lease', async () => {
    const { leading } = await candidate('a');
    const { token } = leading();
    await leading().proclaim('a2');
    const now = await leader(guest(), '/e');
    expect(textOf(now?.value ?? new Uint8Array())).toBe('a2');
    expect(now?.token).toBe(token);
    expect(tree.files.get(leading().path)?.lease).toBe(tree.leases[0]?.id);
  });

  it('proclaims nothing once it leads no more', async () => {
    const { leading } = await candidate('a');
    tree.delete(leading().path);
    const { revision } = tree;
    await expect(leading().proclaim('a2')).rejects.toMatchObject({ code: 'ERR_LOCK_LOST' });
    expect(tree.revision).toBe(revision);
  });
});

describe('an observer', () => {
  it('is told who leads now, of each change and each proclamation, and of nobody', async () => {
    const { abort, done, told } = await observer();
    expect(told).toEqual([null]);
    const first = await candidate('a');
    const second = await candidate('b');
    await settle();
    expect(told).toEqual([null, 'a']);
    await first.leading().proclaim('a2');
    await settle();
    await first.leading().resign();
    await settle();
    await second.leading().resign();
    await settle();
    expect(told).toEqual([null, 'a', 'a2', 'b', null]);
    abort.abort();
    await done;
  });

  it('is not woken by candidates that come and go', async () => {
    await candidate('a');
    const { abort, done, told } = await observer();
    const before = tree.walks;
    tree.set('/e/0000000000000900');
    tree.delete('/e/0000000000000900');
    await settle();
    expect(tree.walks).toBe(before);
    expect(told).toEqual(['a']);
    abort.abort();
    await done;
  });

  it('looks again when what it missed is forgotten', async () => {
    const { leading } = await candidate('a');
    const { abort, done, told } = await observer();
    const stop = tree.onChange(() => tree.forget());
    tree.set(leading().path, 'a2');
    tree.set('/else');
    stop();
    await settle();
    expect(told).toEqual(['a', 'a2']);
    abort.abort();
    await done;
  });
});
