import { randomBytes } from 'node:crypto';
import { prng } from '../base/index.ts';
import { Client, type ClientOptions } from '../client/index.ts';
import { locate, parseUri } from '../naming/index.ts';
import type { TlsFiles, TlsTexts } from '../ports/index.ts';
import { clientTls } from '../tls/index.ts';
import { processClock } from './clock.ts';
import { webSocketDial } from './dial.ts';

/** How long `connect` looks for a node, unless told. */
const openTimeoutMs = 5000;

/** Where a cluster is: a URI, or its parts. */
export type ConnectOptions = Omit<ClientOptions, 'addresses'> & {
  /** `doozer:?ca=HOST:PORT&cn=NAME&sk=SECRET`; `doozers:?...` with TLS. */
  readonly uri?: string;
  /** host:port of nodes, beside those of the URI. */
  readonly addresses?: readonly string[];
  /** A cluster in which the `cn` of the URI is looked up. Without it `cn` has no meaning, as ever. */
  readonly bootUri?: string;
  /**
   * TLS, with the public CAs (`true`), with files, or with the texts that a function returns for each connection. Files beat those of the
   * URI. With a URI it must begin with `doozers:`; with addresses alone this is what turns TLS on.
   */
  readonly tls?: boolean | TlsFiles | (() => TlsTexts);
  /** How long to look for a node before giving up. Default 5,000 ms. */
  readonly openTimeoutMs?: number;
  /** Stops looking. Without meaning once the client is there. */
  readonly signal?: AbortSignal;
};

/** The client's own options, and how its connections are encrypted. */
type Resolved = {
  readonly client: ClientOptions;
  readonly tls: (() => TlsTexts) | null;
};

/**
 * Finds a node of a cluster and resolves with a client of it, over real sockets. The process stays alive until
 * the client is closed.
 *
 * @throws ERR_UNREACHABLE when no node answers in time, or the boot cluster does not know the name;
 *   ERR_ACCESS_DENIED, ERR_WRONG_CLUSTER; ERR_BAD_ARGUMENT when a file for TLS cannot be used. A URI that is none is a
 *   `TypeError`.
 *
 * @example
 * const client = await connect('doozer:?ca=10.0.0.1:8046&ca=10.0.0.2:8046');
 * await client.set('/motd', 'hello', -1);
 * await client.close();
 */
export async function connect(where: string | ConnectOptions): Promise<Client> {
  const options = typeof where === 'string' ? { uri: where } : where;
  const { client: wanted, tls } = await resolved(options);
  const client = openClient(wanted, tls);
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
async function resolved(options: ConnectOptions): Promise<Resolved> {
  const {
    addresses = [],
    bootUri,
    openTimeoutMs: _,
    signal,
    tls: tlsOption,
    uri: text,
    ...rest
  } = options;
  if (text === undefined) {
    return { client: { ...rest, addresses }, tls: tlsOf(tlsOption ?? false, {}) };
  }
  const uri = uriOf(text);
  const ofBoot = bootUri === undefined || uri.clusterName === null ? null : uriOf(bootUri).tls;
  if (uri.tls === null && ofBoot === null && tlsOption !== undefined && tlsOption !== false) {
    throw new TypeError('Invalid uri: with TLS it must begin with "doozers:?"');
  }
  if (uri.tls !== null && tlsOption === false) {
    throw new TypeError('Invalid uri: without TLS it must begin with "doozer:?"');
  }
  const tls = uri.tls === null ? null : tlsOf(tlsOption ?? true, uri.tls);
  const withSecret = uri.secret === null ? rest : { secret: uri.secret, ...rest };
  if (uri.clusterName === null || bootUri === undefined) {
    if (uri.addresses.length + addresses.length === 0) {
      throw new TypeError('Invalid uri: "cn" without "ca" needs a boot cluster to be looked up in');
    }
    return { client: { ...withSecret, addresses: [...addresses, ...uri.addresses] }, tls };
  }
  const { clusterName } = uri;
  const bounds = signal && { signal };
  // The files that the boot cluster's own URI names are the nearer ones.
  const tlsOfBoot = typeof tlsOption === 'object' ? { ...tlsOption, ...ofBoot } : tlsOption;
  const bootTls = ofBoot !== null && tlsOfBoot !== undefined && { tls: tlsOfBoot };
  // Whatever the cluster is called that is looked for, the boot cluster is called otherwise.
  const boot = await connect({ ...rest, clusterName: null, uri: bootUri, ...bounds, ...bootTls });
  try {
    const located = await locate(boot, clusterName, bounds);
    return { client: { clusterName, ...withSecret, addresses: located }, tls };
  } finally {
    await boot.close();
  }
}

/** What the option says, with the files of the URI where it names none. */
function tlsOf(
  option: NonNullable<ConnectOptions['tls']>,
  ofUri: TlsFiles,
): (() => TlsTexts) | null {
  if (option === false) return null;
  if (typeof option === 'function') return option;
  return clientTls(option === true ? ofUri : { ...ofUri, ...option });
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
function openClient(options: ClientOptions, tls: Resolved['tls']): Client {
  const anchor = setInterval(() => undefined, 2 ** 30);
  const parts = {
    dial: webSocketDial(tls),
    clock: processClock,
    prng: prng(randomBytes(4).readUInt32LE()),
    closed: () => clearInterval(anchor),
  };
  return new Client(parts, options);
}
