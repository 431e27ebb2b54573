// Every case of the suite, put to real nodes over TCP: bytes in, bytes out.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DaemonOptions } from '../../src/daemon/index.ts';
import { type Case, caseFiles, readCases, type Setting } from './support/cases.ts';
import { FourKinds, kinds } from './support/four-kinds.ts';
import { runCase } from './support/run.ts';

/** What the nodes of a setting are started with besides the usual. */
const started: Readonly<Record<Setting, Partial<DaemonOptions>>> = {
  plain: {},
  rw: { secrets: { rw: 'change', ro: '' } },
  both: { secrets: { rw: 'change', ro: 'look' } },
  forgetful: { historyRevisions: 20 },
};
const files = new Map(caseFiles.map((file) => [file, readCases(file)]));
const cases = [...files.values()].flat();
const settings = Object.keys(started) as Setting[];
const clusters = new Map<Setting, FourKinds>();

const connectionsOf = (setting: Setting): number =>
  cases
    .filter((item) => item.setting === setting)
    .reduce((sum, { steps }) => sum + new Set(steps.map((step) => step.connection)).size, 0);

function clusterOf(item: Case): FourKinds {
  const cluster = clusters.get(item.setting);
  if (cluster === undefined) throw new Error(`no nodes are started at "${item.setting}"`);
  return cluster;
}

describe(`the conformance suite, ${cases.length} cases`, () => {
  beforeAll(async () => {
    await Promise.all(
      settings.map(async (setting) => {
        const cluster = await FourKinds.start(connectionsOf(setting), started[setting]);
        clusters.set(setting, cluster);
        if (setting === 'forgetful') await cluster.pass(30);
      }),
    );
  });
  afterAll(async () => {
    await Promise.all([...clusters.values()].map((cluster) => cluster.end()));
  });

  for (const [file, items] of files) {
    test.each(kinds)(`${file}: ${items.length} cases hold on a node that is %s`, async (kind) => {
      const faults: string[] = [];
      for (const item of items) {
        const cluster = clusterOf(item);
        await cluster.clear();
        const fault = await runCase(item, () => cluster.dial(kind));
        if (fault !== null) faults.push(fault);
      }
      expect(faults).toEqual([]);
    });
  }

  test('every case has a name of its own, says what it holds to, and does something', () => {
    const names = cases.map(({ file, name }) => `${file}: ${name}`);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
    const lacking = cases.filter(({ see, steps }) => !/^doozer \d/.test(see) || steps.length < 2);
    expect(lacking.map(({ file, name }) => `${file}: ${name}`)).toEqual([]);
  });
});
