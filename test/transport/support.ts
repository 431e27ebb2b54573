import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { BootNumber, Lineage, NodeId } from '../../src/base/index.ts';
import { bootNumber, logIndex, nodeId, prng, term } from '../../src/base/index.ts';
import type { Clock, LogFields, Logger } from '../../src/ports/index.ts';
import type { PeerFrame } from '../../src/protocol/index.ts';
import type { PeerTransportOptions } from '../../src/transport/index.ts';
import { PeerTransport, peerUrlPath } from '../../src/transport/index.ts';

export const nodeA = nodeId('NODEAAAAAAAAAAAA');
export const nodeB = nodeId('NODEBBBBBBBBBBBB');
export const nodeC = nodeId('NODECCCCCCCCCCCC');

export const realClock: Clock = {
  now: () => performance.now(),
  after: (ms, then) => {
    const timer = setTimeout(then, ms).unref();
    return { cancel: () => clearTimeout(timer) };
  },
  soon: (then) => {
    setImmediate(then);
  },
};

/** Lines as `message key=value`, for tests to look into. */
export function listLogger(lines: string[]): Logger {
  const line = (fields: LogFields, message: string) => {
    lines.push(`${message} ${JSON.stringify(fields)}`);
  };
  const logger: Logger = { error: line, info: line, debug: line, child: () => logger };
  return logger;
}

/** A frame that tells itself from others by `n`. */
export const frameOf = (n: number): PeerFrame => ({
  messages: [{ kind: 'readRequest', term: term(1), n }],
  nodeMessages: [],
});

/** A frame of about `size` bytes. */
export const largeFrame = (size: number): PeerFrame => ({
  messages: [],
  nodeMessages: [
    {
      kind: 'snapshotPiece',
      index: logIndex(1),
      term: term(1),
      meta: null,
      position: 0,
      size,
      bytes: new Uint8Array(size),
    },
  ],
});

export type Heard = { readonly from: NodeId; readonly boot: BootNumber; readonly frame: PeerFrame };

/** One node's links with an HTTP server of their own, as the daemon will wire them. */
export class Station {
  readonly id: NodeId;
  readonly links: PeerTransport;
  readonly heard: Heard[] = [];
  readonly closed: NodeId[] = [];
  readonly log: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  port = 0;

  constructor(
    id: NodeId,
    options: Partial<PeerTransportOptions> = {},
    serverOf: (answer: RequestListener) => Server = createServer,
  ) {
    this.id = id;
    this.#server = serverOf((_, response) => response.writeHead(404).end());
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.links = new PeerTransport({
      nodeId: id,
      boot: bootNumber(1),
      address: 'unused:1',
      clusterName: 'test',
      lineage: () => null,
      secret: '',
      clock: realClock,
      prng: prng(1),
      logger: listLogger(this.log),
      ...options,
    });
    this.#server.on('upgrade', (request, socket, head) => {
      if (request.url === peerUrlPath) this.links.handleUpgrade(request, socket, head);
      else socket.destroy();
    });
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** The numbers of the frames that `frameOf` made, in the order they came. */
  get numbers(): number[] {
    return this.heard.flatMap(({ frame }) =>
      frame.messages.map((message) => (message.kind === 'readRequest' ? message.n : -1)),
    );
  }

  async start(port = 0): Promise<this> {
    this.links.start({
      frame: (from, boot, frame) => this.heard.push({ from, boot, frame }),
      closed: (peer) => this.closed.push(peer),
    });
    await this.listen(port);
    return this;
  }

  async listen(port = 0): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
    this.port = (this.#server.address() as AddressInfo).port;
  }

  /** Cuts every connection to this station and listens no more, as a killed process would. */
  async die(): Promise<void> {
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Cuts the connections that were opened to this station; it goes on listening. */
  cutInbound(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  get connections(): number {
    return this.#sockets.size;
  }

  async stop(): Promise<void> {
    await this.links.stop();
    if (this.#server.listening) await this.die();
  }
}

export const lineageOf = (clusterIdText: string, epoch = 1): Lineage => ({
  clusterId: clusterIdText as Lineage['clusterId'],
  epoch,
  epochId: '',
});

/** Waits until `condition` holds; the test's own time limit ends it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(2);
}

export const peersOf = (...stations: Station[]) =>
  new Map(stations.map((station) => [station.id, station.address]));
