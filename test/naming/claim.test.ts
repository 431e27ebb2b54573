import { beforeEach, describe, expect, test } from 'vitest';
import { utf8 } from '../../src/base/index.ts';
import { type BootClient, claimFounding, readNames } from '../../src/naming/index.ts';
import { FakeBoot, FakeBootClient } from '../support/fake-boot.ts';
import { FakeClock } from '../support/fake-clock.ts';

let clock: FakeClock;
let boot: FakeBoot;
let fake: FakeBootClient;
let client: BootClient;
/** What comes between any two steps of whoever claims. */
let between: () => void;
beforeEach(() => {
  clock = new FakeClock();
  boot = new FakeBoot();
  between = () => {};
  fake = new FakeBootClient(boot, clock, async () => between());
  client = fake.asClient;
});

const self = { name: 'x', id: 'SELF', address: 's:1', keepsData: true };
const [bootPath, markPath] = ['/ctl/boot/x', '/ctl/kept/x/SELF'];

function write(path: string, body: string, lease = 0): void {
  const put = { kind: 'set', path, body: utf8(body), rev: -1, lease } as const;
  expect(boot.transact([], [put as never], new Set())).toBe(true);
}

describe('claimFounding()', () => {
  test('leaves a mark that outlives the process, and a boot file that does not', async () => {
    const claim = await claimFounding(client, self, []);
    expect(claim?.isGood()).toBe(true);
    expect([boot.isThere(bootPath), boot.isThere(markPath)]).toEqual([true, true]);
    fake.dies();
    await clock.advance(60_000);
    expect([boot.isThere(bootPath), boot.isThere(markPath)]).toEqual([false, true]);
    expect(claim?.isGood()).toBe(true);
  });

  test('without data leaves nothing behind, and its right ends with the lease', async () => {
    const claim = await claimFounding(client, { ...self, keepsData: false }, []);
    expect(claim?.isGood()).toBe(true);
    fake.stillFor(60_000);
    await clock.advance(60_000);
    expect([boot.isThere(bootPath), boot.isThere(markPath)]).toEqual([false, false]);
    expect(claim?.isGood()).toBe(false);
  });

  test('comes second while somebody is founding', async () => {
    write(bootPath, 'OTHER');
    expect(await claimFounding(client, self, [])).toBe(null);
    expect(boot.isThere(markPath)).toBe(false);
  });

  test.each(['/ctl/kept/x/OTHER', '/ctl/ns/x/OTHER'])(
    'founds nothing when %s came since it looked, and takes its boot file back',
    async (path) => {
      write(path, 'o:1');
      expect(await claimFounding(client, self, [])).toBe(null);
      expect([boot.isThere(path), boot.isThere(markPath)]).toEqual([true, false]);
      expect(boot.isThere(bootPath)).toBe(false);
    },
  );

  test('removes the marks of those that are gone, but none that was made anew', async () => {
    write('/ctl/kept/x/OTHER', 'o:1');
    write('/ctl/kept/y/OTHER', 'o:1');
    const { kept } = await readNames(client, 'x');
    expect(kept).toMatchObject([{ id: 'OTHER', address: 'o:1', clusterId: null, isLeased: false }]);
    const anew = kept.map((entry) => ({ ...entry, created: entry.created + 1 }));
    expect(await claimFounding(client, self, anew)).toBe(null);
    expect(await claimFounding(client, self, kept)).not.toBe(null);
    expect(boot.isThere('/ctl/kept/x/OTHER')).toBe(false);
    expect(boot.isThere('/ctl/kept/y/OTHER')).toBe(true);
  });

  test('has lost when it stood still for longer than its lease, at whatever step', async () => {
    let steps = 0;
    between = () => {
      steps++;
    };
    await claimFounding(client, self, []);
    const all = steps;
    // After the last transaction the right is its own: two steps are after that.
    for (let step = 1; step < all - 1; step++) {
      boot = new FakeBoot();
      fake = new FakeBootClient(boot, clock, async () => {
        if (++steps !== step) return;
        fake.stillFor(60_000);
        for (const lease of [1, 2]) boot.endLease(lease);
        write(bootPath, 'OTHER');
        write('/ctl/kept/x/OTHER', 'o:1');
      });
      steps = 0;
      expect({ step, claim: await claimFounding(fake.asClient, self, []) }).toEqual({
        step,
        claim: null,
      });
      expect(boot.isThere(markPath)).toBe(false);
    }
  });
});
