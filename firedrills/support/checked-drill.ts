import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Campaign, type Setting } from './campaign.ts';
import { check, type Report } from './history/check.ts';
import { readFinal } from './history/read-finals.ts';
import type { Violation } from './history/types.ts';
import { drillOptions } from './options.ts';
import type { Scratch } from './processes.ts';
import type { Story } from './story.ts';

/** One drill: what it does to a cluster while its load runs, until the time is over. */
export type CheckedDrill = Setting & {
  readonly name: string;
  /** Done before the load begins. */
  readonly before?: (campaign: Campaign) => Promise<void>;
  /** Must leave every node in `nodes` running, or `null`. */
  readonly faults: (campaign: Campaign) => Promise<void>;
  /** Places whose history is read at the end. Default: all that run. */
  readonly finals?: (campaign: Campaign) => number[];
};

/** Runs a drill, checks its history, and prints what came of it. @throws on a violation. */
export async function runChecked(
  scratch: Scratch,
  story: Story,
  words: readonly string[],
  drill: CheckedDrill,
): Promise<void> {
  const options = drillOptions(words);
  story.seed = options.seed;
  const campaign = await Campaign.found(scratch, story, options, drill);
  await drill.before?.(campaign);
  await campaign.startLoad(drill.clients);
  await drill.faults(campaign);
  for (const place of campaign.places) await campaign.answers(place);
  const { recorder, baseline } = campaign;
  const newest = await campaign.finish();
  const places = drill.finals?.(campaign) ?? campaign.places;
  const finals = [];
  for (const place of places) {
    finals.push(await readFinal(campaign.cluster.address(place), baseline, newest));
  }
  const { operations, streams } = recorder;
  const report = check({ operations, streams, finals }, newest);
  const violations = [...report.violations, ...endedByThemselves(campaign)];
  const kept = join(scratch.folder, 'history.json');
  if (violations.length > 0) {
    writeFileSync(kept, JSON.stringify({ operations, streams, finals, violations }));
  }
  tell(story, drill.name, campaign, { ...report, violations });
  if (violations.length > 0) {
    throw new Error(`${violations.length} violations; the whole history is in ${kept}`);
  }
}

function endedByThemselves({ scratch, mayEnd }: Campaign): Violation[] {
  return scratch.nodes
    .filter((node) => node.endedByItself && !mayEnd.has(node))
    .map((node) => ({
      rule: 'a process ended by itself',
      detail: `${node.address}, pid ${node.pid}: ${node.tail(5)}`,
      concerned: [],
    }));
}

const shownViolations = 10;

function tell(story: Story, name: string, campaign: Campaign, report: Report): void {
  const { violations, ...figures } = report;
  const faults = Object.values(campaign.faults).reduce((sum, count) => sum + count, 0);
  story.row = {
    drill: name,
    operations: report.operations,
    faults,
    unknown: report.unknown,
    violations: violations.length,
    longestSilenceMs: report.longestSilenceMs,
  };
  for (const { rule, detail, concerned } of violations.slice(0, shownViolations)) {
    story.tell(`VIOLATION: ${rule}: ${detail}`);
    for (const one of concerned) story.tell(`  ${JSON.stringify(one)?.slice(0, 400)}`);
  }
  const kinds = Object.entries(campaign.faults).map(([kind, count]) => `${count} ${kind}`);
  const lines: [string, string | number][] = [
    ['operations', report.operations],
    ['  done', report.done],
    ['  guard did not hold', report.mismatches],
    ['  certainly not done', report.notDone],
    ['  unknown', report.unknown],
    ['events watched', report.events],
    ['could not be checked', report.unchecked],
    ['faults', `${faults} (${kinds.join(', ')})`],
    ['violations', violations.length],
    ['longest time without success', `${report.longestSilenceMs} ms`],
  ];
  for (const [what, value] of lines) process.stdout.write(`  ${what.padEnd(30)}${value}\n`);
  const { seconds, seed } = campaign.options;
  const line = { drill: name, seconds, seed, faults: campaign.faults, ...figures };
  const names = violations.map(({ rule }) => rule);
  process.stdout.write(`${JSON.stringify({ ...line, violations: violations.length, names })}\n`);
}
