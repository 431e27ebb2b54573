import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { Histogram, prng, secondsBounds } from '../base/index.ts';
import { connect } from '../connect/index.ts';
import { Doors, type Metrics } from '../doors/index.ts';
import type { LifeWorld } from '../life/index.ts';
import { checksum, openDisk, systemClock, systemRandom } from '../platform/index.ts';
import type { Host } from '../ports/index.ts';
import { PeerTransport } from '../transport/index.ts';
import { timedLog } from './timed-log.ts';

/** `metrics`: of the life that began last, once it listens. */
export type RealWorld = LifeWorld & { readonly metrics: () => Metrics | null };

/** The world as it is: this machine's clock, disk and sockets, for one life that listens at `listen`. */
export function realWorld(listen: string, host: Host): RealWorld {
  const clock = systemClock();
  const random = systemRandom();
  let transport: PeerTransport | null = null;
  let doors: Doors | null = null;
  const saveSeconds = new Histogram(secondsBounds);
  const links = () =>
    transport === null ? null : { ...transport.counts(), linked: transport.linked().length };
  return {
    clock,
    random,
    checksum,
    hostname: hostnameOf(),
    disk: (folder) => openDisk(resolve(folder)),
    links: (of) => {
      transport = new PeerTransport({ ...of, clock, prng: prng(random.seed()) });
      return transport;
    },
    observeLog: (log) => timedLog(log, clock, (seconds) => saveSeconds.note(seconds)),
    entrance: ({ server, logger }) => {
      doors = new Doors({
        address: listen,
        server,
        clock,
        logger,
        meters: { links, saveSeconds, ofProcess: true },
        // Peers come in by the same port as guests.
        peers: (request, socket, head) => transport?.handleUpgrade(request, socket, head),
      });
      return doors;
    },
    metrics: () => doors?.metrics ?? null,
    connect,
    host,
  };
}

function hostnameOf(): string {
  try {
    return hostname();
  } catch {
    return 'unknown';
  }
}
