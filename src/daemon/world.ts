import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { prng } from '../base/index.ts';
import { connect } from '../connect/index.ts';
import { Doors, type DoorTls } from '../doors/index.ts';
import type { LifeWorld } from '../life/index.ts';
import { checksum, openDisk, systemClock, systemRandom } from '../platform/index.ts';
import { PeerTransport } from '../transport/index.ts';

/** The world as it is: this machine's clock, disk and sockets, for one life that listens at `listen`; with TLS everywhere, or nowhere. */
export function realWorld(listen: string, tls: DoorTls | null): LifeWorld {
  const clock = systemClock();
  const random = systemRandom();
  let transport: PeerTransport | null = null;
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
    entrance: ({ server, logger }) =>
      new Doors({
        address: listen,
        server,
        clock,
        logger,
        // Peers come in by the same port as guests.
        peers: (request, socket, head) => transport?.handleUpgrade(request, socket, head),
        tls,
      }),
    connect: (wanted) =>
      connect(tls === null ? wanted : { ...wanted, tls: tls.certificates.dialTexts }),
  };
}

function hostnameOf(): string {
  try {
    return hostname();
  } catch {
    return 'unknown';
  }
}
