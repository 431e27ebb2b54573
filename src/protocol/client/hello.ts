import { bootNumber, ClusterError, isErrorCode, limits, parseClusterId } from '../../base/index.ts';
import { pack, Tuple, unpack } from './tuple.ts';
import type { ClientHello, ServerHello } from './types.ts';

/**
 * The native protocol's versions. A connection speaks the older of what both sides call newest.
 *
 * 1: the first.
 * 2: sessions, leases, transactions, sequence names, counters; reads with a `least`; events with what
 *    was there before. Fields are appended to messages of version 1, which go without them to a side
 *    that speaks 1, and are read as what they were before when they are absent.
 * 3: what operators ask: health, transfer, log level.
 */
export const nativeProtocol = { newest: 3, oldest: 1 } as const;

/** First field of either hello, so that nobody takes another protocol for this one. */
const magic = 'doozer';
const welcome = 1;
const refused = 2;

/*
 * Hellos of all versions begin alike: the client's [magic, version, cluster name, secret, client],
 * the node's [magic, kind, version, ...]. Later versions append.
 */

export const encodeClientHello = (hello: ClientHello): Uint8Array =>
  pack([magic, hello.version, hello.clusterName, hello.secret, hello.client]);

/** @throws ERR_BAD_FRAME when `bytes` are not a client's hello. */
export function decodeClientHello(bytes: Uint8Array): ClientHello {
  const tuple = open(bytes, "a client's hello");
  const version = tuple.whole();
  const clusterName = tuple.textOrNull();
  const hello = { version, clusterName, secret: tuple.text(), client: tuple.text() };
  if (version <= nativeProtocol.newest) tuple.end();
  return hello;
}

export function encodeServerHello(hello: ServerHello): Uint8Array {
  if (hello.kind === 'refused') {
    return pack([magic, refused, hello.version, hello.code, hello.detail]);
  }
  return pack([
    magic,
    welcome,
    hello.version,
    hello.clusterName,
    hello.clusterId,
    hello.epoch,
    hello.nodeId,
    hello.boot,
    hello.leaderAddress,
    hello.members.map(({ id, address }) => [id, address]),
  ]);
}

/**
 * @throws ERR_BAD_FRAME when `bytes` are not a node's hello, or its version is one this client does
 *   not speak.
 */
export function decodeServerHello(bytes: Uint8Array): ServerHello {
  const tuple = open(bytes, "a node's hello");
  const kind = tuple.whole();
  const version = tuple.whole();
  if (kind === refused) {
    const code = tuple.text();
    const detail = tuple.text();
    return { kind: 'refused', version, code: isErrorCode(code) ? code : 'ERR_BAD_FRAME', detail };
  }
  if (kind !== welcome) tuple.fail(`is no kind of hello: ${kind}`);
  if (version > nativeProtocol.newest || version < nativeProtocol.oldest) {
    const { newest, oldest } = nativeProtocol;
    throw new ClusterError(
      'ERR_BAD_FRAME',
      `Cannot speak version ${version} of the native protocol: this client speaks ${oldest} to ${newest}`,
    );
  }
  const clusterName = tuple.text();
  const idText = tuple.textOrNull();
  const clusterId = idText === null ? null : parseClusterId(idText);
  if (idText !== null && clusterId === null) tuple.fail('is not a cluster id');
  const epoch = tuple.whole();
  const nodeId = tuple.nodeId();
  const boot = bootNumber(tuple.whole());
  const leaderAddress = tuple.textOrNull();
  const members = tuple.list((member) => {
    const pair = { id: member.nodeId(), address: member.text() };
    member.end();
    return pair;
  });
  if (members.length > limits.membersMax) tuple.fail('names too many members');
  tuple.end();
  return {
    kind: 'welcome',
    version,
    clusterName,
    clusterId,
    epoch,
    nodeId,
    boot,
    leaderAddress,
    members,
  };
}

function open(bytes: Uint8Array, what: string): Tuple {
  const tuple = new Tuple(unpack(bytes, what), what);
  if (tuple.text() !== magic) tuple.fail(`is not "${magic}"`);
  return tuple;
}
