import { createHash, timingSafeEqual } from 'node:crypto';
import type { Lineage } from '../base/index.ts';
import { noBytes, sameLineage } from '../base/index.ts';
import type { PeerHello } from '../protocol/index.ts';
import { peerProtocol } from '../protocol/index.ts';
import type { PeerTransportOptions } from './options.ts';

/** The hello this node says now: its lineage may have become known since the last. */
export function helloOf(options: PeerTransportOptions, secretHash: Uint8Array): PeerHello {
  return {
    version: peerProtocol.newest,
    oldestVersion: peerProtocol.oldest,
    lineage: options.lineage(),
    clusterName: options.clusterName,
    nodeId: options.nodeId,
    boot: options.boot,
    address: options.address,
    secretHash,
  };
}

/** So that the secret itself is on no wire. Whoever hears the hash can say it too: TLS is to come. */
export function hashOfSecret(secret: string, clusterName: string): Uint8Array {
  if (secret === '') return noBytes;
  const hash = createHash('sha256').update(`doozer peer\n${clusterName}\n${secret}`).digest();
  return new Uint8Array(hash);
}

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
  if (!sameSecret(mine.secretHash, theirs.secretHash)) return 'secret: peer has another';
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

const sameSecret = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && timingSafeEqual(a, b);
