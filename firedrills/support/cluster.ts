import { connect } from '../../src/connect/index.ts';
import { type Doozerd, freePorts, type Scratch } from './processes.ts';
import type { Story } from './story.ts';
import { expect, until } from './wait.ts';

const uriOf = (...addresses: readonly string[]): string =>
  `doozer:?${addresses.map((a) => `ca=${a}`).join('&')}`;

/** A running cluster of a drill, asked through `doozer` as an operator would. */
export class DrillCluster {
  readonly #scratch: Scratch;
  readonly addresses: readonly string[];
  readonly extraArgs: readonly string[];
  /** Words for the node at one place, and what runs it there. */
  readonly argsAt = new Map<number, readonly string[]>();
  readonly viaAt = new Map<number, readonly string[]>();

  private constructor(
    scratch: Scratch,
    addresses: readonly string[],
    extraArgs: readonly string[],
  ) {
    this.#scratch = scratch;
    this.addresses = addresses;
    this.extraArgs = extraArgs;
  }

  /** `places`: how many addresses to set aside, for nodes started now and later. */
  static async plan(
    scratch: Scratch,
    places: number,
    ...extraArgs: string[]
  ): Promise<DrillCluster> {
    const ports = await freePorts(places);
    return DrillCluster.at(
      scratch,
      ports.map((port) => `127.0.0.1:${port}`),
      ...extraArgs,
    );
  }

  /** A cluster at addresses that are known. */
  static at(scratch: Scratch, addresses: readonly string[], ...extraArgs: string[]): DrillCluster {
    return new DrillCluster(scratch, addresses, extraArgs);
  }

  address(place: number): string {
    const address = this.addresses[place];
    if (address === undefined) throw new Error(`no address was set aside for place ${place}`);
    return address;
  }

  /** Starts a node at a place; attached through `attach` if given. */
  start(place: number, attach?: number): Doozerd {
    const address = this.address(place);
    const own = this.argsAt.get(place) ?? [];
    const words = ['-l', address, '-w', 'false', ...this.extraArgs, ...own];
    if (attach !== undefined) words.push('-a', this.address(attach));
    return this.#scratch.doozerd(address, words, this.viaAt.get(place) ?? []);
  }

  /** The answer of `doozer ARGS` asked of the nodes at `places`. */
  doozer(places: readonly number[], args: readonly string[], stdin: string | Uint8Array = '') {
    return this.#scratch.doozer(uriOf(...places.map((place) => this.address(place))), args, stdin);
  }

  watch(place: number, glob: string) {
    return this.#scratch.client(uriOf(this.address(place)), ['watch', glob]);
  }

  async get(places: readonly number[], path: string): Promise<string> {
    const { status, stdout, stderr } = await this.doozer(places, ['get', path]);
    if (status !== 0) throw new Error(`get ${path}: ${stderr.trim()}`);
    return stdout;
  }

  async find(places: readonly number[], path: string): Promise<string[]> {
    const { stdout } = await this.doozer(places, ['find', path]);
    return stdout.split('\n').filter((line) => line !== '');
  }

  /** Until the node at `place` answers a linearizable read. */
  async ready(place: number, withinMs = 10_000): Promise<void> {
    await until(`the node at ${this.address(place)} to answer`, withinMs, async () => {
      const { status } = await this.doozer([place], ['rev']);
      return status === 0 ? true : null;
    });
  }

  async id(place: number): Promise<string> {
    const { status, stdout, stderr } = await this.doozer([place], ['self']);
    if (status !== 0) throw new Error(`self: ${stderr.trim()}`);
    return stdout;
  }

  /** Until slot `name` holds something, or exactly `holder`; says who and how long it took. */
  slot(places: readonly number[], name: string, withinMs: number, holder?: string) {
    return until(`slot ${name} to hold ${holder ?? 'a member'}`, withinMs, async () => {
      const body = await this.get(places, `/ctl/cal/${name}`);
      if (holder === undefined) return body === '' ? null : body;
      return body === holder ? body : null;
    });
  }

  /** Three voters, as the fire drill starts them. */
  async three(story: Story): Promise<[Doozerd, Doozerd, Doozerd]> {
    const first = this.start(0);
    await this.ready(0);
    const second = this.start(1, 0);
    const third = this.start(2, 0);
    for (const name of ['1', '2']) {
      const { status, stderr } = await this.doozer([0], ['add', `/ctl/cal/${name}`]);
      expect(status === 0, `doozer add /ctl/cal/${name} succeeds (${stderr.trim()})`);
      const { tookMs, value } = await this.slot([0], name, 5000);
      story.tell(`slot ${name} went to ${value} after ${tookMs} ms`);
    }
    return [first, second, third];
  }

  /** Every slot with its holder, as one line. */
  async slots(places: readonly number[]): Promise<string> {
    const names = await this.find(places, '/ctl/cal');
    const files = names.filter((name) => name !== '/ctl/cal');
    const bodies = await Promise.all(files.map((file) => this.get(places, file)));
    return files.map((file, i) => `${file}=${bodies[i]}`).join(' ');
  }

  /** The name of the slot that holds `id`. */
  async slotOf(places: readonly number[], id: string): Promise<string> {
    const found = (await this.slots(places)).split(' ').find((slot) => slot.endsWith(`=${id}`));
    if (found === undefined) throw new Error(`no slot holds ${id}`);
    return found.slice('/ctl/cal/'.length, found.indexOf('='));
  }

  /** The place of the node that leads. */
  async leader(places: readonly number[]): Promise<number> {
    const client = await connect({ addresses: places.map((place) => this.address(place)) });
    try {
      const { value } = await until('a leader', 10_000, async () => {
        const { leader } = await client.status();
        const { membership } = await client.members();
        const address = leader === null ? undefined : membership.addresses.get(leader);
        const place = this.addresses.indexOf(address ?? '');
        return place < 0 ? null : place;
      });
      return value;
    } finally {
      await client.close();
    }
  }
}
