import { connect, type Socket } from 'node:net';
import { Doors, type DoorsParts } from '../../../src/doors/index.ts';
import type { Clock, Host } from '../../../src/ports/index.ts';
import {
  DoozerFramer,
  type DoozerResponse,
  decodeDoozerResponse,
} from '../../../src/protocol/doozer/index.ts';
import { Server, type ServerParts } from '../../../src/server/index.ts';
import { describe } from '../../server/support/doozer.ts';
import { FakeNode } from '../../server/support/fake-node.ts';
import { silentLogger } from '../../server/support/silent.ts';

export const realClock: Clock = {
  now: () => performance.now(),
  after: (ms, then) => {
    const timer = setTimeout(then, ms);
    return { cancel: () => clearTimeout(timer) };
  },
  soon: (then) => {
    setImmediate(then);
  },
};

export type HouseOptions = Partial<
  Pick<
    DoorsParts,
    'peers' | 'connectionsMax' | 'unsentBytesMax' | 'unfinishedBytesMax' | 'unfinishedMs' | 'meters'
  >
> &
  Partial<Pick<ServerParts, 'secrets' | 'limits'>> & { readonly host?: Host };

/** A fake node behind real doors on a free port of loopback. */
export class House {
  readonly node = new FakeNode();
  readonly server: Server;
  readonly doors: Doors;

  constructor(options: HouseOptions = {}) {
    this.server = new Server({
      node: this.node,
      clock: realClock,
      logger: silentLogger,
      secrets: options.secrets ?? { rw: '', ro: '' },
      about: {
        address: () => this.doors.address(),
        version: 'test',
        ...(options.host && { host: options.host }),
      },
      limits: options.limits ?? {},
    });
    this.doors = new Doors({
      address: '127.0.0.1:0',
      server: this.server,
      clock: realClock,
      logger: silentLogger,
      peers: options.peers ?? ((_request, socket) => socket.destroy()),
      ...(options.meters && { meters: options.meters }),
      ...(options.connectionsMax !== undefined && { connectionsMax: options.connectionsMax }),
      ...(options.unsentBytesMax !== undefined && { unsentBytesMax: options.unsentBytesMax }),
      ...(options.unfinishedBytesMax !== undefined && {
        unfinishedBytesMax: options.unfinishedBytesMax,
      }),
      ...(options.unfinishedMs !== undefined && { unfinishedMs: options.unfinishedMs }),
    });
  }

  static async open(options: HouseOptions = {}): Promise<House> {
    const house = new House(options);
    await house.doors.start();
    return house;
  }

  get port(): number {
    return Number(this.doors.address().split(':').at(-1));
  }

  async dial(): Promise<Client> {
    const socket = connect({ port: this.port, host: '127.0.0.1', noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new Client(socket);
  }
}

/** A doozer client that shows what arrives, and in which pieces. */
export class Client {
  readonly socket: Socket;
  readonly chunks: Buffer[] = [];
  readonly responses: DoozerResponse[] = [];
  closed = false;
  readonly #framer = new DoozerFramer();
  #changed: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk);
      for (const frame of this.#framer.push(chunk)) {
        const response = decodeDoozerResponse(frame);
        if (response === null) throw new Error('a response does not decode');
        this.responses.push(response);
      }
      this.#changed();
    });
    socket.on('close', () => {
      this.closed = true;
      this.#changed();
    });
    socket.on('error', () => {});
  }

  get answers(): string[] {
    return this.responses.map(describe);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  write(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  async until(reached: (client: Client) => boolean): Promise<void> {
    while (!reached(this)) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  /** The first `count` answers, once they are there. */
  async got(count: number): Promise<string[]> {
    await this.until((client) => client.responses.length >= count || client.closed);
    return this.answers;
  }
}

/** Resolves once `reached` holds; looks at every turn of the loop. */
export async function until(reached: () => boolean): Promise<void> {
  while (!reached()) await new Promise((resolve) => setImmediate(resolve));
}
