import { createHmac, randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';
import type { Lineage } from '../base/index.ts';
import { noBytes, sameLineage } from '../base/index.ts';
import type { PeerHello } from '../protocol/index.ts';
import { peerProtocol, proofBytes } from '../protocol/index.ts';
import type { PeerTransportOptions } from './options.ts';

/** The hello this node says now: its lineage may have become known since the last. */
export function helloOf(options: PeerTransportOptions, nonce: Uint8Array): PeerHello {
  return {
    version: peerProtocol.newest,
    oldestVersion: peerProtocol.oldest,
    lineage: options.lineage(),
    clusterName: options.clusterName,
    nodeId: options.nodeId,
    boot: options.boot,
    address: options.address,
    secretHash: noBytes,
    nonce,
  };
}

/** Work that scrypt does for each guess of who recorded a proof; some 50 ms, once a life of a node. */
const scryptCost = 2 ** 14;

/** What proofs are made with; `null` without a secret. One secret makes another key in another cluster. */
export function proofKeyOf(secret: string, clusterName: string): Uint8Array | null {
  if (secret === '') return null;
  return scryptSync(secret, `doozer peer\n${clusterName}`, proofBytes, { N: scryptCost });
}

/** Fresh for each link; empty without a secret. */
export const nonceFor = (key: Uint8Array | null): Uint8Array =>
  key === null ? noBytes : new Uint8Array(randomBytes(proofBytes));

/** Both hellos of a link, as they were on the wire. */
export type Hellos = { readonly dialler: Uint8Array; readonly listener: Uint8Array };

/**
 * What one end says to show that it knows the secret. It covers all that both said, nonces and versions too, and
 * which end says it: nothing can be changed on the way, shown again on another link, or sent back.
 */
export function proofOf(key: Uint8Array, by: keyof Hellos, hellos: Hellos): Uint8Array {
  const lengths = `${by} ${hellos.dialler.length} ${hellos.listener.length}\n`;
  const hmac = createHmac('sha256', key).update(lengths);
  return new Uint8Array(hmac.update(hellos.dialler).update(hellos.listener).digest());
}

export const sameProof = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && timingSafeEqual(a, b);

/**
 * Why a link between these two cannot be, or `null`. Names both values, for the log of whoever has to
 * find the mistake. A joining node does not know its lineage yet; then the name must do.
 */
export function refusalOf(mine: PeerHello, theirs: PeerHello): string | null {
  if (theirs.oldestVersion > mine.version || theirs.version < mine.oldestVersion) {
    const their = `${theirs.oldestVersion} to ${theirs.version}`;
    return `version: peer speaks ${their}, this node ${mine.oldestVersion} to ${mine.version}`;
  }
  if (theirs.clusterName !== mine.clusterName) {
    return `cluster name: peer has "${theirs.clusterName}", this node "${mine.clusterName}"`;
  }
  const lineage = lineageRefusal(mine.lineage, theirs.lineage);
  if (lineage !== null) return lineage;
  if (hasSecret(mine) !== hasSecret(theirs)) {
    const [they, we] = [theirs, mine].map((hello) => (hasSecret(hello) ? 'has one' : 'has none'));
    return `secret: peer ${they}, this node ${we}`;
  }
  if (theirs.nodeId === mine.nodeId)
    return `node id: peer says it is ${mine.nodeId}, as this node is`;
  return null;
}

function lineageRefusal(mine: Lineage | null, theirs: Lineage | null): string | null {
  if (mine === null || theirs === null || sameLineage(mine, theirs)) return null;
  if (mine.clusterId !== theirs.clusterId) {
    return `cluster id: peer has ${theirs.clusterId}, this node ${mine.clusterId}`;
  }
  return `epoch: peer has ${epochText(theirs)}, this node ${epochText(mine)}`;
}

const epochText = ({ epoch, epochId }: Lineage): string =>
  epochId === '' ? `${epoch}` : `${epoch} (${epochId})`;

const hasSecret = (hello: PeerHello): boolean =>
  hello.nonce.length > 0 || hello.secretHash.length > 0;
