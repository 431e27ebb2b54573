import { ClusterError, connect } from '../../src/connect/index.ts';
import { Campaign } from '../support/campaign.ts';
import { faultsOf, killLeaders } from '../support/leader-kills.ts';
import { drillOptions } from '../support/options.ts';
import type { Scratch } from '../support/processes.ts';
import type { Story } from '../support/story.ts';
import { nowMs, until } from '../support/wait.ts';

const clients = 20;
const path = '/drill/counter';

/** What the clients were told. */
class Tally {
  readonly sums: number[] = [];
  /** Certainly not done. */
  refused = 0;
  unknown = 0;
  longestSilenceMs = 0;
  #lastSuccessMs = nowMs();

  done(sum: number): void {
    const now = nowMs();
    this.longestSilenceMs = Math.max(this.longestSilenceMs, now - this.#lastSuccessMs);
    this.#lastSuccessMs = now;
    this.sums.push(sum);
  }

  failed(error: unknown): void {
    if (!(error instanceof ClusterError)) throw error;
    if (error.effect === 'none') this.refused += 1;
    else this.unknown += 1;
  }
}

export async function drill(
  scratch: Scratch,
  story: Story,
  words: readonly string[],
): Promise<void> {
  const options = drillOptions(words);
  story.seed = options.seed;
  const campaign = await Campaign.found(scratch, story, options, { voters: 3 });
  const tally = new Tally();
  const stop = new AbortController();
  const counting = Array.from({ length: clients }, () => count(campaign, tally, stop.signal));
  campaign.startClock();
  try {
    await killLeaders(campaign);
  } finally {
    stop.abort();
  }
  await Promise.all(counting);
  judge(story, campaign, tally, await finalCount(campaign.addresses));
}

async function count(campaign: Campaign, tally: Tally, stop: AbortSignal): Promise<void> {
  const client = await connect({ addresses: campaign.addresses, openTimeoutMs: 30_000 });
  try {
    while (!stop.aborted) {
      try {
        tally.done((await client.count(path, 1)).value);
      } catch (error) {
        tally.failed(error);
      }
    }
  } finally {
    await client.close();
  }
}

async function finalCount(addresses: readonly string[]): Promise<number> {
  const client = await connect({ addresses, openTimeoutMs: 30_000 });
  try {
    const { value } = await until('the final count', 30_000, () => client.get(path));
    return Number(new TextDecoder().decode(value.body));
  } finally {
    await client.close();
  }
}

function judge(story: Story, campaign: Campaign, tally: Tally, final: number): void {
  const { refused, sums, unknown } = tally;
  const twice = sums.length - new Set(sums).size;
  const violations: string[] = [];
  if (final < sums.length) violations.push(`${sums.length - final} that succeeded are not in it`);
  if (final > sums.length + unknown) {
    violations.push(`${final - sums.length - unknown} more than anybody can have done`);
  }
  if (twice > 0) violations.push(`${twice} sums were told twice`);
  story.row = {
    drill: 'counter',
    operations: sums.length + refused + unknown,
    faults: faultsOf(campaign),
    unknown,
    violations: violations.length,
    longestSilenceMs: Math.round(tally.longestSilenceMs),
  };
  story.figure(
    `${clients} clients, ${faultsOf(campaign)} leaders killed: ${sums.length} done, ${refused} certainly not, ` +
      `${unknown} unknown; the counter is ${final}`,
  );
  if (violations.length > 0) throw new Error(violations.join('; '));
}
