import type { Server as NetServer } from 'node:net';
import { assert, ClusterError } from '../base/index.ts';

export type HostPort = { readonly host: string; readonly port: number };

/**
 * "host:port" in its parts. An empty host means every interface, as in Go; an IPv6 host stands in
 * brackets.
 *
 * @throws ERR_BAD_ARGUMENT naming `text`.
 */
export function parseHostPort(text: string): HostPort {
  const found = /^(?:\[([^\]]*)\]|([^:[\]]*)):([0-9]{1,5})$/.exec(text);
  const port = Number(found?.[3] ?? Number.NaN);
  if (found === null || port > 65_535) {
    throw new ClusterError(
      'ERR_BAD_ARGUMENT',
      `Cannot listen on "${text}": an address is HOST:PORT, the port 0 to 65535`,
    );
  }
  return { host: found[1] ?? found[2] ?? '', port };
}

export const formatHostPort = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** The resolved, numeric address of a server that listens: what a node publishes of itself. */
export function addressOf(server: NetServer): string {
  const bound = server.address();
  assert(
    bound !== null && typeof bound === 'object',
    'a server that listens on TCP has an address',
  );
  return formatHostPort(bound.address, bound.port);
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'this user may not use that port',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name cannot be looked up now',
  EINVAL: 'it is not an address to listen on',
};

/**
 * Opens `server` on `address`; resolves when it listens.
 *
 * @throws ERR_ADDRESS_IN_USE when somebody else has it; ERR_BAD_ARGUMENT with the reason for every
 *   other address that cannot be had. Both name the address as it was given.
 */
export function listenOn(server: NetServer, address: string): Promise<void> {
  const { host, port } = parseHostPort(address);
  return new Promise((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException) => {
      const reason = reasons[cause.code ?? ''] ?? cause.message;
      reject(
        cause.code === 'EADDRINUSE'
          ? new ClusterError(
              'ERR_ADDRESS_IN_USE',
              `Cannot listen on "${address}": the address is in use`,
              { cause },
            )
          : new ClusterError('ERR_BAD_ARGUMENT', `Cannot listen on "${address}": ${reason}`, {
              cause,
            }),
      );
    };
    server.once('error', fail);
    server.listen(host === '' ? { port } : { host, port }, () => {
      server.off('error', fail);
      resolve();
    });
  });
}
