import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { openDisk } from '../../src/platform/index.ts';
import { memoryLog } from '../../src/wal/index.ts';
import { describeLogStore } from '../contracts/log-store.contract.ts';
import { memoryDisk } from '../support/memory-disk.ts';
import { fresh } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'doozer-wal-'));
let count = 0;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describeLogStore('the WAL on a disk in memory', () => fresh(memoryDisk()));
describeLogStore('the WAL on a real disk', async () =>
  fresh(await openDisk(join(folder, String(count++)))),
);
describeLogStore('memoryLog()', async () => memoryLog());
