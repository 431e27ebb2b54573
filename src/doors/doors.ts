import type { Server as HttpServer } from 'node:http';
import { Socket } from 'node:net';
import { limits } from '../base/index.ts';
import type { Clock, Logger } from '../ports/index.ts';
import type { Server } from '../server/index.ts';
import { isCertified } from '../tls/index.ts';
import { admit } from './admission.ts';
import { DoozerDoor } from './doozer.ts';
import { createHttp, refuse, type Upgrade } from './http.ts';
import { Metrics, type MetricsParts } from './metrics.ts';
import { NativeDoor } from './native.ts';
import { Port } from './port.ts';
import { certificateWanted, type DoorTls } from './tls.ts';

export type DoorsParts = {
  /** host:port; port 0 takes a free one. */
  readonly address: string;
  readonly server: Server;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Takes an upgrade request of a peer, on `/peer`. The socket is the transport's from there on. */
  readonly peers: Upgrade;
  /** Absent: plain TCP. */
  readonly tls?: DoorTls | null;
  /** What /metrics tells besides server and doors; absent: there is no /metrics. */
  readonly meters?: Pick<MetricsParts, 'links' | 'saveSeconds' | 'ofProcess'>;
  /** Other than the usual, for tests. */
  readonly connectionsMax?: number;
  readonly unsentBytesMax?: number;
  readonly unfinishedBytesMax?: number;
  readonly unfinishedMs?: number;
};

/** How often a port that stops looks whether everything was answered. */
const lookMs = 5;

/** Everything that listens on a node's one address. */
export class Doors {
  readonly #parts: DoorsParts;
  readonly #connectionsMax: number;
  readonly #doozer: DoozerDoor;
  readonly #native: NativeDoor;
  readonly #http: HttpServer;
  readonly metrics: Metrics | null;
  readonly #port: Port;
  #stopped: Promise<void> | null = null;

  constructor(parts: DoorsParts) {
    this.#parts = parts;
    const { server, clock, logger } = parts;
    this.#connectionsMax = parts.connectionsMax ?? limits.connectionsMax;
    const unsentBytesMax = parts.unsentBytesMax ?? limits.unsentBytesMax;
    this.#doozer = new DoozerDoor({
      server,
      clock,
      logger,
      unsentBytesMax,
      unfinishedBytesMax: parts.unfinishedBytesMax,
      unfinishedMs: parts.unfinishedMs,
    });
    this.#native = new NativeDoor({ server, clock, logger, unsentBytesMax });
    const doors = () => this.#port.figures();
    this.metrics = parts.meters ? new Metrics({ server, doors, ...parts.meters }) : null;
    this.#http = createHttp({
      upgrades: new Map<string, Upgrade>([
        ['/peer', (request, socket, head) => this.#peer(request, socket, head)],
        ['/client', (request, socket, head) => this.#client(request, socket, head)],
      ]),
      unready: () => server.unready(),
      metrics: this.metrics,
      admit: (request, response, then) => admit({ server, clock }, request, response, then),
      page: null,
    });
    this.#port = new Port({
      clock,
      logger,
      doozer: (socket, first) => this.#doozer.accept(socket, first),
      http: this.#http,
      connectionsMax: this.#connectionsMax,
      tls: parts.tls ?? null,
    });
  }

  /** @throws ERR_ADDRESS_IN_USE, ERR_BAD_ARGUMENT, both naming the address. */
  start(): Promise<void> {
    return this.#port.listen(this.#parts.address);
  }

  /** Resolved and numeric: what the node publishes of itself. */
  address(): string {
    return this.#port.address;
  }

  /** Open connections of guests. */
  get connections(): number {
    return this.#port.connections;
  }

  /**
   * Takes no new connection and no new request, lets what was asked be answered, within
   * `limits.drainMs`, and closes. Waits are not waited for: they go with their connection. Links of
   * peers stay; they are the transport's. May be called twice.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#port.close();
    this.#doozer.quiesce();
    this.#native.quiesce();
    await this.#until(() => this.#doozer.idle && this.#native.idle);
    this.#doozer.end();
    this.#native.end();
    await this.#until(() => this.#port.connections === 0);
    this.#port.destroyAll();
  }

  /** Resolves once `reached` holds, or `limits.drainMs` have passed. */
  #until(reached: () => boolean): Promise<void> {
    const { clock } = this.#parts;
    const end = clock.now() + limits.drainMs;
    return new Promise((resolve) => {
      const look = () => {
        if (reached() || clock.now() >= end) resolve();
        else clock.after(lookMs, look);
      };
      look();
    });
  }

  readonly #peer: Upgrade = (request, socket, head) => {
    if (socket instanceof Socket) this.#port.release(socket);
    this.#parts.peers(request, socket, head);
  };

  readonly #client: Upgrade = (request, socket, head) => {
    if (this.#port.connections > this.#connectionsMax) {
      refuse(socket, '503 Service Unavailable');
      return;
    }
    if (this.#parts.tls?.guestsCertified === true && !isCertified(socket)) {
      refuse(socket, certificateWanted);
      return;
    }
    if (socket instanceof Socket) this.#port.settle(socket);
    this.#native.upgrade(request, socket, head);
  };
}
