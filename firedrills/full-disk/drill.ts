import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Campaign } from '../support/campaign.ts';
import { CannotRun } from '../support/cannot-run.ts';
import { runChecked } from '../support/checked-drill.ts';
import { DoozerClient, verbs } from '../support/doozer-client.ts';
import type { Scratch } from '../support/processes.ts';
import { isGone, needRoot, run } from '../support/root.ts';
import type { Story } from '../support/story.ts';
import { nowMs, pause, until } from '../support/wait.ts';

/** Holds a few segments and a snapshot, and not more. */
const diskMib = 256;
const mib = 1024 * 1024;
/** What one round of large writes brings, at most, and how long it may take. */
const roundBytes = 40 * mib;
const roundMs = 3000;
const largeBytes = mib / 4;
const names = 'doozer-full-disk-';
const voters = 3;
/** One round in so many all disks are full at once. */
const allEvery = 3;
/** What a supervisor waits before it starts a process again. */
const restartMs = 500;

/** Nodes on small disks that are filled and freed, over and over. */
export async function drill(
  scratch: Scratch,
  story: Story,
  words: readonly string[],
): Promise<void> {
  needRoot('it mounts a small tmpfs for each node');
  unmountForgotten();
  const disks = Array.from({ length: voters }, (_, place) => mountSmallDisk(scratch, place));
  await runChecked(scratch, story, words, {
    name: 'full-disk',
    voters,
    prepare: (cluster) => {
      for (const [place, disk] of disks.entries()) {
        cluster.argsAt.set(place, ['-data', join(disk, 'data')]);
      }
    },
    faults: (campaign) => new FullDisks(campaign, disks).run(),
  });
}

function mountSmallDisk(scratch: Scratch, place: number): string {
  const folder = join(scratch.folder, `small-disk-${place}`);
  mkdirSync(folder);
  const name = `${names}${process.pid}`;
  try {
    run('mount', '-t', 'tmpfs', '-o', `size=${diskMib}m`, name, folder);
  } catch (error) {
    throw new CannotRun(`cannot mount a tmpfs: ${error instanceof Error ? error.message : error}`);
  }
  scratch.atEnd(async (keep) => {
    const data = join(folder, 'data');
    if (keep && existsSync(data)) cpSync(data, `${folder}-data`, { recursive: true });
    run('umount', '-l', folder);
  });
  return folder;
}

/** What a drill that was killed left behind. */
function unmountForgotten(): void {
  for (const line of readFileSync('/proc/mounts', 'utf8').split('\n')) {
    const [name = '', folder = ''] = line.split(' ');
    if (name.startsWith(names) && isGone(Number(name.slice(names.length))))
      run('umount', '-l', folder);
  }
}

/** Leaves not a byte. */
function fill(file: string): void {
  const handle = openSync(file, 'w');
  try {
    const piece = Buffer.alloc(64 * 1024, 1);
    for (let written = 0; written <= diskMib * mib; ) written += writeSync(handle, piece);
    throw new Error(`${file} is on no small disk`);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  } finally {
    closeSync(handle);
  }
}

class FullDisks {
  readonly #campaign: Campaign;
  readonly #disks: readonly string[];
  /** How often a process ended because its disk was full. */
  #ended = 0;

  constructor(campaign: Campaign, disks: readonly string[]) {
    this.#campaign = campaign;
    this.#disks = disks;
  }

  async run(): Promise<void> {
    const campaign = this.#campaign;
    for (let round = 0; !campaign.isOver; round++) {
      await campaign.rest(200, 800);
      // Early, while the segments are small and room is short.
      const isAll = round % allEvery === 0;
      const full = isAll ? campaign.places : [await campaign.victim()];
      const leader = await campaign.leader();
      for (const place of full) fill(this.#ballast(place));
      const one = full[0] === leader ? 'full disk of the leader' : 'full disk';
      campaign.fault(isAll ? 'all disks full' : one, `filled the disk of ${this.#name(full)}`);
      await this.#largeWrites(full);
      const endMs = nowMs() + campaign.between(1000, 2500);
      while (nowMs() < endMs) {
        await this.#supervise();
        await pause(50);
      }
      const [asked = 0] = full;
      campaign.story.tell(`asked while full: ${await this.#behaviour(asked)}`);
      for (const place of full) rmSync(this.#ballast(place));
      await this.#recovers(full);
    }
    campaign.story.figure(`processes that ended because their disk was full: ${this.#ended}`);
  }

  #name(places: readonly number[]): string {
    return places.map((place) => this.#campaign.cluster.address(place)).join(', ');
  }

  #ballast(place: number): string {
    return join(this.#disks[place] ?? '', 'ballast');
  }

  /** Writes until a full node shows that it is, or enough is written. */
  async #largeWrites(full: readonly number[]): Promise<void> {
    const { cluster, story } = this.#campaign;
    const through = full.length === voters ? 0 : ((full[0] ?? 0) + 1) % voters;
    const client = await DoozerClient.connect(cluster.address(through), 2000);
    const value = Buffer.alloc(largeBytes, 120);
    const endMs = nowMs() + roundMs;
    let left = roundBytes / largeBytes;
    const allRun = () => full.every((place) => this.#campaign.node(place).isRunning);
    const writer = async (i: number): Promise<string | null> => {
      while (left-- > 0 && nowMs() < endMs && allRun()) {
        const ask = { verb: verbs.set, path: `/large/f${i}`, value, rev: -1 };
        const said = await client.ask(ask, 6000).catch((error: Error) => error);
        if (said instanceof Error) return said.message;
        if (said.errCode !== null) return said.errDetail;
      }
      return null;
    };
    const said = await Promise.all([0, 1, 2, 3].map(writer));
    client.close();
    const refusals = [...new Set(said.filter((words) => words !== null))];
    if (refusals.length > 0) story.tell(`large writes: ${refusals.join('; ')}`);
  }

  /** Starts processes that ended again, as a supervisor does. What ended for another reason is a violation. */
  async #supervise(): Promise<void> {
    const { cluster, mayEnd, nodes, story } = this.#campaign;
    for (const [place, node] of nodes.entries()) {
      if (node === null || node.isRunning) continue;
      const words = node.tail(3).trim().split('\n').at(-1)?.slice(0, 200) ?? '';
      if (/ENOSPC|no space|full/i.test(words)) mayEnd.add(node);
      this.#ended++;
      story.tell(`${cluster.address(place)} ended: ${words}`);
      await pause(restartMs);
      this.#campaign.start(place);
    }
  }

  /** What whoever asks a full node is told. */
  async #behaviour(place: number): Promise<string> {
    const value = Buffer.from('x');
    const asks = {
      read: { verb: verbs.get, path: '/ctl/name' },
      delete: { verb: verbs.delete, path: '/large/f0', rev: -1 },
      write: { verb: verbs.set, path: '/large/probe', value, rev: -1 },
    };
    try {
      const client = await DoozerClient.connect(this.#campaign.cluster.address(place), 1000);
      const said: string[] = [];
      for (const [what, ask] of Object.entries(asks)) {
        const response = await client.ask(ask, 6000).catch((error: Error) => error);
        const words =
          response instanceof Error
            ? response.message
            : (response.errDetail ?? (response.errCode === null ? 'done' : `${response.errCode}`));
        said.push(`${what}: ${words}`);
      }
      client.close();
      return said.join('; ');
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** With room again every node takes writes again, by itself or once it was started again. */
  async #recovers(full: readonly number[]): Promise<void> {
    const freedMs = nowMs();
    for (const place of full) {
      await until(`${this.#name([place])} to take a write again`, 60_000, async () => {
        await this.#supervise();
        const said = await this.#behaviour(place);
        if (!said.includes('write: done')) throw new Error(said);
        return true;
      });
    }
    const tookMs = Math.round(nowMs() - freedMs);
    this.#campaign.story.tell(`${this.#name(full)} takes writes ${tookMs} ms after there was room`);
  }
}
