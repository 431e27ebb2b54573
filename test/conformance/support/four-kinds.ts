// A cluster with one node of each kind that a client may meet.
import type { Client } from '../../../src/connect/index.ts';
import type { Daemon, DaemonOptions } from '../../../src/daemon/index.ts';
import { slots, Town, until } from '../../daemon/support/town.ts';
import { fill } from './template.ts';
import { Wire } from './wire.ts';

export const kinds = ['leader', 'follower', 'spare', 'just promoted'] as const;
export type Kind = (typeof kinds)[number];

export class FourKinds {
  readonly #town: Town;
  readonly #client: Client;
  readonly #daemons: Readonly<Record<Kind, Daemon>>;
  /** Connections to the promoted node from the time when it was a spare, and had answered on each. */
  readonly #opened: Wire[];

  private constructor(
    town: Town,
    client: Client,
    daemons: Readonly<Record<Kind, Daemon>>,
    opened: Wire[],
  ) {
    this.#town = town;
    this.#client = client;
    this.#daemons = daemons;
    this.#opened = opened;
  }

  /**
   * The founder leads, the second votes, the third was a spare while `connections` connections to it
   * were opened and votes now, the fourth is a spare.
   */
  static async start(connections: number, given: Partial<DaemonOptions>): Promise<FourKinds> {
    const town = new Town();
    const options: Partial<DaemonOptions> = {
      clusterName: 'local',
      dataFolder: null,
      // Nothing but the cases takes revisions, and nobody campaigns while a busy machine stands still.
      pulseMs: 3_600_000,
      promoteAfterMs: 10,
      timing: { tickMs: 10, heartbeatTicks: 10, electionTimeoutTicks: 200 },
      ...given,
    };
    const leader = await town.start('leader', options);
    const secret = options.secrets?.rw ?? '';
    const client = await town.clientWith({ addresses: [leader.address], secret });
    const attached = { ...options, attach: [leader.address] };
    const vote = async (slot: string) => {
      await client.set(`/ctl/cal/${slot}`, '', 0);
      await until('the slot is held', async () => !(await slots(client)).includes(''));
    };
    const follower = await town.start('follower', attached);
    await vote('1');
    const promoted = await town.start('promoted', attached);
    const opened = await Promise.all(Array.from({ length: connections }, () => used(promoted)));
    await vote('2');
    const spare = await town.start('spare', attached);
    const daemons = { leader, follower, spare, 'just promoted': promoted };
    await quiet(client);
    return new FourKinds(town, client, daemons, opened);
  }

  async dial(kind: Kind): Promise<Wire> {
    const before = kind === 'just promoted' ? this.#opened.pop() : undefined;
    return before ?? (await Wire.open(this.#daemons[kind].address));
  }

  /** Every file that a case left is gone. */
  async clear(): Promise<void> {
    for await (const { path } of this.#client.walk('/**')) {
      if (!path.startsWith('/ctl/')) await this.#client.delete(path, -1);
    }
  }

  /** Puts `count` revisions behind what is there, so that a short history forgets it. */
  async pass(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#client.nop()));
  }

  async end(): Promise<void> {
    for (const wire of this.#opened) wire.close();
    await this.#town.end();
  }
}

/** A connection on which the node has answered: it knows what is spoken there. */
async function used(daemon: Daemon): Promise<Wire> {
  const wire = await Wire.open(daemon.address);
  wire.write(fill('{len} 1014', new Map()));
  await wire.frame();
  return wire;
}

/** Until every node has told of itself what it tells once, each voter that it is one: then nobody writes any more. */
async function quiet(client: Client): Promise<void> {
  const wanted = { addr: 4, hostname: 4, version: 4, writable: 3 };
  await until('no node has anything to tell', async () => {
    const names: string[] = [];
    for await (const { path } of client.walk('/ctl/node/*/*')) names.push(path);
    return Object.entries(wanted).every(
      ([name, count]) => names.filter((path) => path.endsWith(`/${name}`)).length === count,
    );
  });
}
