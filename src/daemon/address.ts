import { createServer } from 'node:net';
import { ClusterError } from '../base/index.ts';
import { addressOf, listenOn } from '../doors/index.ts';

/** The web view's default port; with the default, the next free one of so many is taken. */
const webPort = 8000;
const webPortsTried = 100;

/**
 * The resolved, numeric address `listen` stands for, which is free at this moment. Asked before
 * anything is written, so that a taken port leaves no trace; port 0 becomes a free port.
 *
 * @throws ERR_ADDRESS_IN_USE, ERR_BAD_ARGUMENT, naming the address.
 */
export async function claimAddress(listen: string): Promise<string> {
  const server = createServer();
  await listenOn(server, listen);
  const address = addressOf(server);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return address;
}

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
