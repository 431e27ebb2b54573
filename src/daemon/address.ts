import { createServer, isIPv4, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { ClusterError } from '../base/index.ts';
import { addressOf, formatHostPort, listenOn } from '../doors/index.ts';
import { parseAddress } from '../naming/index.ts';

/** The web view's default port; with the default, the next free one of so many is taken. */
const webPort = 8000;
const webPortsTried = 100;

/**
 * The resolved, numeric addresses that `listens` stand for, all free at this moment. Asked before
 * anything is written, so that a taken port leaves no trace; port 0 becomes a free port.
 *
 * @throws ERR_ADDRESS_IN_USE, ERR_BAD_ARGUMENT, naming the address.
 */
export async function claimAddresses(listens: readonly string[]): Promise<string[]> {
  const servers: Server[] = [];
  try {
    for (const listen of listens) {
      const server = createServer();
      await listenOn(server, listen);
      servers.push(server);
    }
    return servers.map(addressOf);
  } finally {
    // Held until all are had: one address may have been given twice.
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

/**
 * Where others reach a node that listens on `address`. They connect to exactly this, so a wildcard
 * becomes this machine's own address, if it has one only, or the loopback address, if it has none.
 *
 * @throws ERR_BAD_ARGUMENT naming the addresses among which somebody has to choose.
 */
export function publishedAddress(address: string, own: readonly string[] = ownHosts()): string {
  const host = hostOf(address);
  if (!isWildcard(host)) return address;
  const fours = own.filter((each) => isIPv4(each));
  // An IPv6 wildcard takes IPv4 connections as well.
  const hosts = fours.length === 0 && host === '[::]' ? own : fours;
  if (hosts.length > 1) {
    throw new ClusterError(
      'ERR_BAD_ARGUMENT',
      `Cannot listen on "${address}": other nodes must reach this one at one address, and the machine has ${hosts.length}: ${hosts.join(', ')}; use one of them, or tell which with -advertise`,
    );
  }
  const [only = '127.0.0.1'] = hosts;
  return formatHostPort(only, portOf(address));
}

/**
 * Where others reach a node that listens on `listen` and was told how it is called: `told`, with the
 * port that it listens on if `told` names none.
 *
 * @throws ERR_BAD_ARGUMENT naming `told`.
 */
export function advertisedAddress(told: string, listen: string): string {
  const address = parseAddress(told, portOf(listen));
  if (address !== null && !isWildcard(hostOf(address))) return address;
  throw new ClusterError(
    'ERR_BAD_ARGUMENT',
    `Cannot advertise "${told}": others need HOST or HOST:PORT under which they reach this node`,
  );
}

const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '[::]';
const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(':') + 1));

/** This machine's addresses that others may know; a link-local one means nothing without its link. */
const ownHosts = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ internal, address }) => !internal && !/^(fe80:|169[.]254[.])/i.test(address))
    .map(({ address }) => address);

export const hostOf = (address: string): string => address.slice(0, address.lastIndexOf(':'));

/** Tries `start` on port 8000 of `host` and the ports after it, until one is free. */
export async function onNextFreePort<T>(
  host: string,
  start: (address: string) => Promise<T>,
): Promise<T> {
  for (let port = webPort; ; port++) {
    try {
      return await start(`${host}:${port}`);
    } catch (error) {
      const isTaken = error instanceof ClusterError && error.code === 'ERR_ADDRESS_IN_USE';
      if (!isTaken || port - webPort >= webPortsTried) throw error;
    }
  }
}
