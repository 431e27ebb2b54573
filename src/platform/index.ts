export { checksum } from './checksum.ts';
export { systemClock } from './clock.ts';
export { openDisk } from './disk.ts';
export { systemRandom } from './random.ts';
