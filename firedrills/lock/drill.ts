import { type ChildProcess, fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Campaign } from '../support/campaign.ts';
import { faultsOf, killLeaders } from '../support/leader-kills.ts';
import { drillOptions } from '../support/options.ts';
import type { Scratch } from '../support/processes.ts';
import type { Story } from '../support/story.ts';
import { pause, until } from '../support/wait.ts';
import { violationsOf } from './check.ts';
import type { FromClients, ToClients, Turn } from './messages.ts';

const processes = 5;
const clientsEach = 10;
/** Less than the time between two kills: each new leader grants every lease its whole length. */
const lengthMs = 1000;
/** How long a holder stands still: longer than its lease, a change of leaders included. */
const pauseMsMin = 3000;
const pauseMsMax = 4000;
/** One turn in so many, about. */
const pauseEvery = 20;

const program = fileURLToPath(new URL('clients.js', import.meta.url));

/** What the clients told, and which of their processes stands still. */
class Course {
  readonly campaign: Campaign;
  readonly turns: Turn[] = [];
  /** Tokens of holders that stood still. */
  readonly paused = new Set<number>();
  readonly failures: Record<string, number> = {};
  #standing: ChildProcess | null = null;

  constructor(campaign: Campaign) {
    this.campaign = campaign;
  }

  hear(child: ChildProcess, message: FromClients): void {
    if (message.kind === 'took') void this.#took(child, message.token);
    else if (message.kind === 'turn') this.turns.push(message.turn);
    else if (message.kind === 'failed') {
      this.failures[message.code] = (this.failures[message.code] ?? 0) + 1;
    }
  }

  async #took(child: ChildProcess, token: number): Promise<void> {
    const { campaign } = this;
    const stands =
      this.#standing === null && !campaign.isOver && campaign.random.below(pauseEvery) === 0;
    if (stands) {
      this.#standing = child;
      this.paused.add(token);
      const ms = campaign.between(pauseMsMin, pauseMsMax);
      campaign.fault(
        'pause of the holder',
        `the holder with token ${token} stands still for ${ms} ms`,
      );
      child.kill('SIGSTOP');
      await pause(ms);
      child.kill('SIGCONT');
      this.#standing = null;
    }
    say(child, { kind: 'go', token });
  }
}

const say = (child: ChildProcess, message: ToClients): void => {
  if (child.connected) child.send(message);
};

export async function drill(
  scratch: Scratch,
  story: Story,
  words: readonly string[],
): Promise<void> {
  const options = drillOptions(words);
  story.seed = options.seed;
  const campaign = await Campaign.found(scratch, story, options, { voters: 3 });
  const course = new Course(campaign);
  const args = [String(clientsEach), String(lengthMs), ...campaign.addresses];
  const children = Array.from({ length: processes }, () => {
    const child = fork(program, args);
    scratch.atEnd(async () => {
      child.kill('SIGKILL');
    });
    child.on('message', (message: FromClients) => course.hear(child, message));
    return child;
  });
  await until('the first turns', 30_000, () => (course.turns.length > 3 ? true : null));
  campaign.startClock();
  await killLeaders(campaign);
  for (const child of children) say(child, { kind: 'stop' });
  await until('all clients to stop', 60_000, () =>
    children.every(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null)
      ? true
      : null,
  );
  judge(scratch, story, course);
}

function judge(
  scratch: Scratch,
  story: Story,
  { campaign, failures, paused, turns }: Course,
): void {
  const violations = violationsOf(turns);
  const of = (write: Turn['write']): number => turns.filter((turn) => turn.write === write).length;
  const refused = turns.filter(({ token, write }) => write === 'refused' && paused.has(token));
  const inTime = turns.map(({ fromMs }) => fromMs).sort((a, b) => a - b);
  const silences = inTime.map((ms, i) => ms - (inTime[i - 1] ?? ms));
  story.row = {
    drill: 'lock',
    operations: turns.length,
    faults: faultsOf(campaign),
    unknown: of('failed'),
    violations: violations.length,
    longestSilenceMs: Math.round(Math.max(0, ...silences)),
  };
  const kills = faultsOf(campaign) - paused.size;
  story.figure(
    `${processes * clientsEach} clients, ${kills} leaders killed, ${paused.size} holders paused: ${turns.length} turns; ` +
      `${of('done')} guarded writes done, ${of('refused')} refused (${refused.length} of holders that had stood still), ` +
      `${of('failed')} of unknown outcome or not done; other failures ${JSON.stringify(failures)}`,
  );
  if (violations.length === 0) return;
  const kept = join(scratch.folder, 'turns.json');
  writeFileSync(kept, JSON.stringify({ turns, paused: [...paused], violations }));
  for (const violation of violations.slice(0, 10)) story.tell(`VIOLATION: ${violation}`);
  throw new Error(`${violations.length} violations; all turns are in ${kept}`);
}
