import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { Histogram, prng, secondsBounds } from '../base/index.ts';
import { type ConnectOptions, connect } from '../connect/index.ts';
import { Doors, type DoorTls, type Metrics } from '../doors/index.ts';
import type { ClientWanted, LifeWorld } from '../life/index.ts';
import { checksum, openDisk, systemClock, systemRandom } from '../platform/index.ts';
import type { Host } from '../ports/index.ts';
import { PeerTransport } from '../transport/index.ts';
import { timedLog } from './timed-log.ts';

/** `metrics`: of the life that began last, once it listens. */
export type RealWorld = LifeWorld & { readonly metrics: () => Metrics | null };

/** The world as it is: this machine's clock, disk and sockets, for one life that listens at `listen`; with TLS everywhere, or nowhere. */
export function realWorld(listen: string, host: Host, tls: DoorTls | null): RealWorld {
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
      transport = new PeerTransport({
        ...of,
        clock,
        prng: prng(random.seed()),
        tls: tls?.certificates ?? null,
      });
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
        tls,
      });
      return doors;
    },
    metrics: () => doors?.metrics ?? null,
    connect: (wanted) => connect({ ...wanted, tls: tlsFor(wanted, tls) }),
    host,
  };
}

/** Another cluster's files, or, where its URI names no CA, this node's own. */
function tlsFor(
  { tls: files }: ClientWanted,
  own: DoorTls | null,
): NonNullable<ConnectOptions['tls']> {
  if (files === false) return false;
  if (files?.caFile !== undefined || own === null) return files ?? false;
  return own.certificates.dialTexts;
}

function hostnameOf(): string {
  try {
    return hostname();
  } catch {
    return 'unknown';
  }
}
