import type { BootNumber, Lineage, NodeId } from '../../base/index.ts';
import { bootNumber, noBytes, parseClusterId } from '../../base/index.ts';
import { asciiAt, Reader } from '../reader.ts';
import { bytesOf, Writer } from '../writer.ts';
import { proofBytes } from './proof.ts';

/**
 * The peer protocol's versions. A link speaks the newest that both ends know.
 *
 * 1: the first.
 * 2: a secret is proven on the link instead of shown as a hash, which whoever heard it could have shown again;
 *    a heartbeat says how far the leader has committed. Nothing older is spoken.
 */
export const peerProtocol = { newest: 2, oldest: 2 } as const;

/** The first message of either end of a link: who I am, before anything else is said. */
export type PeerHello = {
  /** The newest and the oldest version of the peer protocol the sender speaks. */
  readonly version: number;
  readonly oldestVersion: number;
  /** `null` on a node that is still joining and has not heard of its cluster. */
  readonly lineage: Lineage | null;
  readonly clusterName: string;
  readonly nodeId: NodeId;
  readonly boot: BootNumber;
  /** host:port where the sender can be dialled. */
  readonly address: string;
  /** Version 1 only: a hash of the peers' secret; empty when there is none. */
  readonly secretHash: Uint8Array;
  /** From version 2 on: fresh random bytes, `proofBytes` of them, that the other end's proof must cover; empty without a secret. */
  readonly nonce: Uint8Array;
};

/*
 * A hello, little-endian: "dzp1", u16 version, u16 oldest version, 16 bytes of node id, u64 boot,
 * cluster name, address, u16 length and bytes of the secret hash, flag, and with it cluster id 16,
 * u64 epoch, epoch id; from version 2 on u16 length and bytes of the nonce. Texts are UTF-8 after their length as
 * u16. Later versions only append, so a hello of any version can be read, and refused with both versions in the reason.
 */
const magic = 'dzp1';

export function encodePeerHello(hello: PeerHello): Uint8Array {
  const { lineage } = hello;
  const name = bytesOf(hello.clusterName);
  const address = bytesOf(hello.address);
  const epochId = bytesOf(lineage?.epochId ?? '');
  const lineageSize = lineage === null ? 0 : 16 + 8 + 2 + epochId.length;
  const fixed = 4 + 4 + 16 + 8 + 2 + 2 + 2 + 1;
  const nonceSize = hello.version < 2 ? 0 : 2 + hello.nonce.length;
  const texts = name.length + address.length + hello.secretHash.length;
  const size = fixed + texts + lineageSize + nonceSize;
  const writer = new Writer(size);
  writer.ascii(magic);
  writer.u16(hello.version);
  writer.u16(hello.oldestVersion);
  writer.ascii(hello.nodeId);
  writer.whole(hello.boot);
  writer.short(name);
  writer.short(address);
  writer.short(hello.secretHash);
  writer.u8(lineage === null ? 0 : 1);
  if (lineage !== null) {
    writer.ascii(lineage.clusterId);
    writer.whole(lineage.epoch);
    writer.short(epochId);
  }
  if (hello.version >= 2) writer.short(hello.nonce);
  return writer.finish();
}

/** @throws ERR_BAD_FRAME when `bytes` are not a hello. */
export function decodePeerHello(bytes: Uint8Array): PeerHello {
  const reader = new Reader(bytes, 'a peer hello');
  if (asciiAt(reader.take(4), 0, 4) !== magic) reader.fail(`it does not begin with "${magic}"`, 0);
  const version = reader.u16();
  const oldestVersion = reader.u16();
  const nodeId = reader.nodeId();
  const boot = bootNumber(reader.whole());
  const clusterName = reader.text();
  const address = reader.text();
  const secretHash = reader.short();
  const lineage = reader.flag() ? readLineage(reader) : null;
  const nonce = version < 2 ? noBytes : readNonce(reader);
  if (version <= peerProtocol.newest) reader.end();
  return { version, oldestVersion, lineage, clusterName, nodeId, boot, address, secretHash, nonce };
}

function readNonce(reader: Reader): Uint8Array {
  const at = reader.at;
  const nonce = reader.short();
  const fits = nonce.length === 0 || nonce.length === proofBytes;
  return fits ? nonce : reader.fail(`a nonce is ${proofBytes} bytes, or none`, at);
}

function readLineage(reader: Reader): Lineage {
  const at = reader.at;
  const clusterId = parseClusterId(asciiAt(reader.take(16), 0, 16));
  if (clusterId === null) return reader.fail('a cluster id is 16 characters of A-Z2-7', at);
  const epoch = reader.whole();
  return { clusterId, epoch, epochId: reader.text() };
}
