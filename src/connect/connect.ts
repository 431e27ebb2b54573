import { randomBytes } from 'node:crypto';
import { prng } from '../base/index.ts';
import { Client, type ClientOptions } from '../client/index.ts';
import { locate, parseUri } from '../naming/index.ts';
import { processClock } from './clock.ts';
import { webSocketDial } from './dial.ts';

/** How long `connect` looks for a node, unless told. */
const openTimeoutMs = 5000;

/** Where a cluster is: a URI, or its parts. */
export type ConnectOptions = Omit<ClientOptions, 'addresses'> & {
  /** `doozer:?ca=HOST:PORT&cn=NAME&sk=SECRET`. */
  readonly uri?: string;
  /** host:port of nodes, beside those of the URI. */
  readonly addresses?: readonly string[];
  /** A cluster in which the `cn` of the URI is looked up. Without it `cn` has no meaning, as ever. */
  readonly bootUri?: string;
  /** How long to look for a node before giving up. Default 5,000 ms. */
  readonly openTimeoutMs?: number;
  /** Stops looking. Without meaning once the client is there. */
  readonly signal?: AbortSignal;
};

/**
 * Finds a node of a cluster and resolves with a client of it, over real sockets. The process stays alive until
 * the client is closed.
 *
 * @throws ERR_UNREACHABLE when no node answers in time, or the boot cluster does not know the name;
 *   ERR_ACCESS_DENIED, ERR_WRONG_CLUSTER. A URI that is none is a `TypeError`.
 *
 * @example
 * const client = await connect('doozer:?ca=10.0.0.1:8046&ca=10.0.0.2:8046');
 * await client.set('/motd', 'hello', -1);
 * await client.close();
 */
export async function connect(where: string | ConnectOptions): Promise<Client> {
  const options = typeof where === 'string' ? { uri: where } : where;
  const client = openClient(await resolved(options));
  try {
    const { openTimeoutMs: timeoutMs = openTimeoutMs, signal } = options;
    await client.open({ timeoutMs, ...(signal && { signal }) });
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}

/** The client's own options, with addresses, name and secret as the URI and the boot cluster say. */
async function resolved(options: ConnectOptions): Promise<ClientOptions> {
  const { addresses = [], bootUri, openTimeoutMs: _, signal, uri: text, ...rest } = options;
  if (text === undefined) return { ...rest, addresses };
  const uri = uriOf(text);
  const withSecret = uri.secret === null ? rest : { secret: uri.secret, ...rest };
  if (uri.clusterName === null || bootUri === undefined) {
    if (uri.addresses.length + addresses.length === 0) {
      throw new TypeError('Invalid uri: "cn" without "ca" needs a boot cluster to be looked up in');
    }
    return { ...withSecret, addresses: [...addresses, ...uri.addresses] };
  }
  const { clusterName } = uri;
  const bounds = signal && { signal };
  // Whatever the cluster is called that is looked for, the boot cluster is called otherwise.
  const boot = await connect({ ...rest, clusterName: null, uri: bootUri, ...bounds });
  try {
    return { clusterName, ...withSecret, addresses: await locate(boot, clusterName, bounds) };
  } finally {
    await boot.close();
  }
}

function uriOf(text: string) {
  const uri = parseUri(text);
  if (uri.kind === 'invalid') throw new TypeError(`Invalid uri: ${uri.reason}`);
  return uri;
}

/**
 * A client over real sockets. It keeps the process alive until it is closed: its timers do not, and between two
 * connections there is no socket that would.
 */
function openClient(options: ClientOptions): Client {
  const anchor = setInterval(() => undefined, 2 ** 30);
  const parts = {
    dial: webSocketDial,
    clock: processClock,
    prng: prng(randomBytes(4).readUInt32LE()),
    closed: () => clearInterval(anchor),
  };
  return new Client(parts, options);
}
