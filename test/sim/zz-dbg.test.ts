import { test } from 'vitest';
import { WalLife } from './disk-life.ts';
import { checksum } from '../../src/platform/index.ts';
import { decodeHeader, decodeSeal, } from '../../src/wal/segment.ts';
import { Process } from '../../src/sim/process.ts';
import { readRing } from '../../src/wal/segment.ts';

async function dump(life: WalLife, title: string) {
  console.log('==', title, JSON.stringify(life.state.snapshot), life.state.log.length);
  for (const { path, bytes } of life.disk.files()) {
    const all = life.disk.peek(path)!;
    let more = '';
    if (path.endsWith('.seg')) {
      const d = decodeHeader(all.subarray(0, 4096), checksum);
      if (typeof d === 'string') more = d;
      else {
        const { header } = d;
        const ring = await readRing({ read: async (a: number, n: number) => all.slice(a, a + n) } as never, d.seed, checksum);
        more = `prev ${header.previous.index}/${header.previous.term} base ${header.base.index}/${header.base.term} psync ${header.previousSync} seal ${decodeSeal(all.subarray(0, 4096), checksum)} ring ${ring.map((r) => `${r.sync}:${r.last.index}/${r.last.term}@${r.end}`).join(' ')}`;
        let end = all.length; while (end > 0 && all[end-1] === 0) end--;
        more += ` used ${end}`;
      }
    }
    console.log(path, bytes, more);
  }
}
const seed = Number(process.env['S']);
const what = process.env['W'];
test('dbg', async () => {
  const life = new WalLife(seed, false); life.world.listen((l) => { if (/writes log|writes state/.test(l)) console.log(l); });
  for (let i = 0; i < 3; i++) {
    await life.live(life.chance.below(300));
    await dump(life, 'killed');
    life.disk.powerCut();
    await dump(life, 'cut');
  }
  await life.reopen();
  await dump(life, 'reopened');
  if (what === 'name') console.log(life.disk.loseName());
  if (what === 'rot') {
      const last = life.disk.files().findLast(({ path }) => path.endsWith('.seg'));
      console.log(life.disk.rotIn(last?.path ?? 'log/'));
  }
  if (what === 'mis') {
      await life.live(1000, async (wal) => {
        for (let left = life.chance.below(4); left > 0; left--) await life.act(wal);
        await dump(life, 'before misdirect');
        life.disk.misdirectNext();
        for (let left = 1 + life.chance.below(2); left > 0; left--) await life.act(wal);
      });
      life.disk.processEnded();
      await dump(life, 'after misdirect');
  }
  try { console.log(await life.examine()); } finally { await dump(life, 'examined'); }
});
