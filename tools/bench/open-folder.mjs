// How long a lone doozerd takes from its start until it answers a get on a large data folder, and how much
// memory it holds: now (RSS) and at most (HWM). See docs/performance.md.
//
//   node tools/bench/open-folder.mjs [--files 1000000] [--bytes 100] [--tail 5000] [--log] [--rounds 3]
//     [--keep FOLDER] [--node-args="--cpu-prof ..."]
//
// --log: everything stands in the log, nothing in a snapshot. --keep: makes the folder there once, and uses it.
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bodyOf, makeFolder, pathOf } from './folder.mjs';
import { answers, connectTo, freePort, memoryOf, pause, startNode } from './nodes.mjs';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '1000000' },
    bytes: { type: 'string', default: '100' },
    tail: { type: 'string', default: '5000' },
    rounds: { type: 'string', default: '3' },
    log: { type: 'boolean', default: false },
    keep: { type: 'string' },
    'node-args': { type: 'string', default: '' },
  },
});
const files = Number(values.files);
const valueBytes = Number(values.bytes);
const tail = Number(values.tail);
const settleMs = 5000;

const scratch = mkdtempSync(join(tmpdir(), 'doozer-bench-'));
const made = values.keep ?? join(scratch, 'made');
try {
  if (!existsSync(made)) {
    const beganMs = performance.now();
    const address = `127.0.0.1:${await freePort()}`;
    await makeFolder({ folder: made, address, files, valueBytes, tail, snapshot: !values.log });
    const tookMs = Math.round(performance.now() - beganMs);
    console.log(`made ${files} files of ${valueBytes} bytes, tail ${tail}, in ${tookMs} ms`);
  }
  for (let round = 0; round < Number(values.rounds); round++) await measure();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function measure() {
  const folder = join(scratch, 'open');
  rmSync(folder, { recursive: true, force: true });
  cpSync(made, folder, { recursive: true });
  const address = `127.0.0.1:${await freePort()}`;
  const nodeArgs = values['node-args'].split(' ').filter((word) => word !== '');
  const beganMs = performance.now();
  const node = startNode({ folder: scratch, address, data: folder, nodeArgs });
  try {
    await answers(node, address);
    const client = await connectTo(address);
    const last = files - 1;
    const found = await client.get(pathOf(last));
    const tookMs = Math.round(performance.now() - beganMs);
    const opened = memoryOf(node.pid);
    const overwritten = tail > 0 && last === 0;
    if (!overwritten && found?.body.length !== bodyOf(last, valueBytes).length) {
      throw new Error('the last file is not there');
    }
    await pause(settleMs);
    const settled = memoryOf(node.pid);
    console.log(
      JSON.stringify({
        tookMs,
        rssMb: opened.rssMb,
        rssSettledMb: settled.rssMb,
        hwmMb: settled.hwmMb,
      }),
    );
    await client.close();
  } finally {
    await node.end();
  }
}
