// Makes the data folder of a lone node that holds many files: in a snapshot with a tail of log behind it, or in
// the log alone. Everything is written by the code that a node runs; only nobody is asked.

import { limits } from '../../dist/src/base/index.js';
import { checksum, openDisk } from '../../dist/src/platform/index.js';
import { encodeEnvelope } from '../../dist/src/protocol/index.js';
import { apply, emptyTree, encodeSnapshot } from '../../dist/src/tree/index.js';
import { openWal } from '../../dist/src/wal/index.js';

const quiet = { error: console.error, info: () => {}, debug: () => {}, child: () => quiet };
const node = 'B'.repeat(16);
const lineage = { clusterId: 'C'.repeat(16), epoch: 1, epochId: '' };
const perFolder = 1000;
const perSave = 1000;

/** The path of file `n`. */
export const pathOf = (n) => {
  const folder = String(Math.floor(n / perFolder)).padStart(4, '0');
  return `/bench/group-${folder}/item-${String(n % perFolder).padStart(4, '0')}`;
};

/** `length` bytes that differ from file to file. */
export function bodyOf(n, length) {
  const body = new Uint8Array(length);
  for (let i = 0; i < length; i++) body[i] = (n * 31 + i * 7) & 255;
  return body;
}

const membershipOf = (address) => ({
  voters: [node],
  outgoing: null,
  learners: [],
  learnersNext: [],
  parked: [],
  addresses: new Map([[node, address]]),
});

const foundCommand = (address) => ({
  kind: 'found',
  lineage,
  name: 'local',
  behaviourVersion: 1,
  limits: { valueBytesMax: limits.valueBytesMax, pathBytesMax: limits.pathBytesMax },
  files: [
    ['/ctl/name', 'local'],
    [`/ctl/node/${node}/addr`, address],
    ['/ctl/cal/0', node],
  ].map(([path, text]) => ({ path, body: Buffer.from(text) })),
});

/** A log entry and the change that it makes. Time stands still. */
function entryOf(index, body) {
  if (body.kind === 'membership') {
    const payload = { kind: 'membership', membership: body.membership };
    return { entry: { index, term: 1, time: 0, payload, encoded: null }, body };
  }
  const origin = { node, boot: 1, n: index };
  const envelope = { origin, session: 0, seq: 0, ackedBelow: 0, command: body };
  const payload = { kind: 'command', bytes: encodeEnvelope(envelope) };
  return {
    entry: { index, term: 1, time: 0, payload, encoded: null },
    body: { kind: 'command', envelope },
  };
}

function* entriesOf({ address, files, valueBytes, tail }) {
  let index = 1;
  yield entryOf(index++, { kind: 'membership', membership: membershipOf(address) });
  yield entryOf(index++, foundCommand(address));
  for (let n = 0; n < files + tail; n++) {
    // The tail writes again what stands all over the tree.
    const file = n < files ? n : ((n - files) * 7919) % Math.max(1, files);
    const body = bodyOf(n, valueBytes);
    yield entryOf(index++, { kind: 'set', path: pathOf(file), body, guard: -1 });
  }
}

/**
 * @param {{ folder: string, address: string, files: number, valueBytes: number, tail: number,
 *   snapshot: boolean }} plan  `snapshot` false: all of it stands in the log.
 */
export async function makeFolder(plan) {
  const disk = await openDisk(plan.folder);
  const wal = await openWal({ disk, checksum, logger: quiet });
  await wal.createIdentity({ nodeId: node, lineage, clusterName: 'local' });
  await wal.recover();
  const log = wal.log;
  let state = emptyTree();
  let waiting = [];
  const save = async (snapshot) => {
    const through = waiting.at(-1) ?? snapshot;
    await log.save({
      snapshot,
      hardState: { term: 1, votedFor: node },
      truncateFrom: null,
      entries: waiting,
      through: { index: through.index, term: 1 },
    });
    waiting = [];
  };
  for (const { entry, body } of entriesOf(plan)) {
    const { index, term, time } = entry;
    const inSnapshot = plan.snapshot && index <= plan.files + 2;
    if (inSnapshot) state = apply(state, { index, term, time, body }).state;
    else waiting.push(entry);
    if (inSnapshot && index === plan.files + 2) await save(await writeSnapshot(wal, state));
    if (waiting.length === perSave) await save(null);
  }
  if (waiting.length > 0) await save(null);
  await wal.stop();
}

async function writeSnapshot(wal, state) {
  const meta = {
    index: state.appliedIndex,
    term: state.appliedTerm,
    time: state.clusterTime,
    membership: state.membership,
    membershipAt: { index: 1, term: 1 },
  };
  const sink = await wal.snapshots.begin(meta);
  for (const chunk of encodeSnapshot(state)) await sink.write(chunk);
  await sink.finish();
  return meta;
}
