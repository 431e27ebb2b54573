import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, type ConnectOptions, connect } from '../../../src/connect/index.ts';
import { type Daemon, type DaemonOptions, startDaemon } from '../../../src/daemon/index.ts';

/** Real nodes in this process, on free ports, with their folders in one that goes at the end. */
export class Town {
  readonly folder = mkdtempSync(join(tmpdir(), 'doozer-daemon-'));
  readonly #daemons = new Set<Daemon>();
  readonly #clients = new Set<Client>();

  /** Starts a node on a free port, with its data in the folder `name`. */
  async start(name: string, options: Partial<DaemonOptions> = {}): Promise<Daemon> {
    const daemon = await startDaemon({
      clusterName: 'test',
      listen: '127.0.0.1:0',
      attach: [],
      bootUri: null,
      web: null,
      webExplicit: false,
      pulseMs: 1000,
      silenceMs: 60_000,
      historyRevisions: 2000,
      dataFolder: this.data(name),
      minVoters: 2,
      secrets: { rw: '', ro: '' },
      version: '1.2.3',
      tls: null,
      logLevel: 'error',
      ...options,
    });
    this.#daemons.add(daemon);
    return daemon;
  }

  /** A cluster of `count` voters, the founder first. */
  async voters(count: number, options: Partial<DaemonOptions> = {}): Promise<Daemon[]> {
    const first = await this.start('0', options);
    const all = [first];
    const client = await this.client(first);
    for (let i = 1; i < count; i++) {
      all.push(await this.start(String(i), { ...options, attach: [first.address] }));
      await client.set(`/ctl/cal/${i}`, '', 0);
    }
    await until('all slots are held', async () => (await slots(client)).every((id) => id !== ''));
    return all;
  }

  data(name: string): string {
    return join(this.folder, name);
  }

  /** A client that was told of these nodes. */
  client(...daemons: readonly Daemon[]): Promise<Client> {
    return this.clientWith({ addresses: daemons.map(({ address }) => address) });
  }

  async clientWith(options: ConnectOptions): Promise<Client> {
    const client = await connect(options);
    this.#clients.add(client);
    return client;
  }

  async end(): Promise<void> {
    await Promise.all([...this.#clients].map((client) => client.close()));
    await Promise.all([...this.#daemons].map((daemon) => daemon.stop()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Who holds the slots, in their order; an empty one is an empty text. */
export async function slots(client: Client): Promise<string[]> {
  const found: string[] = [];
  for await (const file of client.walk('/ctl/cal/*')) found.push(textOf(file.body));
  return found;
}

export const textOf = (bytes: Uint8Array | undefined): string =>
  Buffer.from(bytes ?? []).toString();

export async function read(client: Client, path: string): Promise<string | null> {
  const file = await client.get(path);
  return file === null ? null : textOf(file.body);
}

/** Looks again and again; what never comes is the test's own time running out. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const givenUpAt = Date.now() + 15_000;
  while (!(await holds())) {
    if (Date.now() > givenUpAt) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
