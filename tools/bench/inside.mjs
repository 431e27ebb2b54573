// Loaded into a node that is measured (node --import): for every tenth of a second, the longest time between
// two looks of its event loop at a timer, and the longest time that its main thread computed between two.
// The first holds what other processes of a busy machine took; the second is the node's own doing.
//
// SNAPSHOT_EVERY_BYTES: snapshots after so many bytes of log, for a machine on which 64 MiB take too long.
import { openSync, readSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { limits } from '../../dist/src/base/index.js';

const everyMs = 100;
const every = Number(process.env.SNAPSHOT_EVERY_BYTES ?? 0);
if (every > 0) Object.assign(limits, { snapshotEveryBytes: every, logKeptBytes: every / 8 });

// Nanoseconds on a processor, nanoseconds of waiting for one, turns.
const schedule = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r');
const text = Buffer.alloc(64);
const computedMs = () =>
  Number(text.latin1Slice(0, readSync(schedule, text, 0, 64, 0)).split(' ')[0]) / 1e6;

let bins = [];
let longest = { delayMs: 0, computedMs: 0 };
let last = { atMs: performance.now(), computedMs: computedMs() };
let binEndMs = last.atMs + everyMs;
function look() {
  const now = { atMs: performance.now(), computedMs: computedMs() };
  longest.delayMs = Math.max(longest.delayMs, now.atMs - last.atMs);
  longest.computedMs = Math.max(longest.computedMs, now.computedMs - last.computedMs);
  last = now;
  if (now.atMs >= binEndMs) {
    bins.push([Math.round(performance.timeOrigin + now.atMs), longest.delayMs, longest.computedMs]);
    longest = { delayMs: 0, computedMs: 0 };
    binEndMs = now.atMs + everyMs;
  }
  setTimeout(look, 1).unref();
}
look();
process.on('message', () => {
  process.send?.(bins);
  bins = [];
});
process.channel?.unref();
