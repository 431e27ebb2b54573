import { readFileSync } from 'node:fs';
import { connect as connectTls } from 'node:tls';
import { type Client, connect } from '../../src/connect/index.ts';
import { DoozerClient, verbs } from '../support/doozer-client.ts';

/** Requests of many clients, all through TLS, until told to stop. */
export class TlsLoad {
  readonly failures: string[] = [];
  requests = 0;
  connections = 0;
  oldRequests = 0;
  readonly #uri: string;
  readonly #running: Promise<void>[] = [];
  #stopping = false;

  constructor(uri: string) {
    this.#uri = uri;
  }

  /** `steady` clients that stay, `fresh` ones that connect for each request. */
  async start(steady: number, fresh: number, oldAddress: string, caFile: string): Promise<void> {
    const clients = await Promise.all(Array.from({ length: steady }, () => connect(this.#uri)));
    this.connections += steady;
    clients.forEach((client, i) => {
      this.#running.push(this.#steady(client, `/load/steady${i}`));
    });
    for (let i = 0; i < fresh; i++) this.#running.push(this.#fresh(`/load/fresh${i}`));
    const [host = '', port] = oldAddress.split(':');
    const socket = connectTls({ host, port: Number(port), ca: readFileSync(caFile) });
    await new Promise((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
    });
    this.#running.push(this.#old(new DoozerClient(socket)));
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#running);
  }

  async #repeat(who: string, ask: () => Promise<void>): Promise<void> {
    while (!this.#stopping) {
      try {
        await ask();
        this.requests++;
      } catch (error) {
        this.failures.push(`${who}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }

  async #steady(client: Client, path: string): Promise<void> {
    let n = 0;
    await this.#repeat(path, async () => {
      const body = String(++n);
      await client.set(path, body, -1);
      this.requests++;
      const file = await client.get(path);
      if (Buffer.from(file?.body ?? []).toString() !== body) throw new Error('read something else');
    });
    await client.close();
  }

  #fresh(path: string): Promise<void> {
    return this.#repeat(path, async () => {
      const client = await connect(this.#uri);
      this.connections++;
      try {
        await client.set(path, 'x', -1);
      } finally {
        await client.close();
      }
    });
  }

  async #old(client: DoozerClient): Promise<void> {
    await this.#repeat("doozer's own protocol", async () => {
      const request = { verb: verbs.set, path: '/load/old', value: Buffer.from('x'), rev: -1 };
      const { errCode, errDetail } = await client.ask(request);
      if (errCode !== null) throw new Error(`error ${errCode} ${errDetail}`);
      this.oldRequests++;
    });
    client.close();
  }
}
