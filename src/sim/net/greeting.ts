import { type Lineage, noBytes, sameBytes, sameLineage, utf8 } from '../../base/index.ts';
import type { LinksOf } from '../../life/index.ts';
import { type PeerHello, peerProtocol } from '../../protocol/index.ts';

/** The hello a node says now: its lineage may have become known since the last. */
export const helloOf = (of: LinksOf): PeerHello => ({
  version: peerProtocol.newest,
  oldestVersion: peerProtocol.oldest,
  lineage: of.lineage(),
  clusterName: of.clusterName,
  nodeId: of.nodeId,
  boot: of.boot,
  address: of.address,
  // Nobody listens in on a made-up wire: the secret may stand for its hash.
  secretHash: of.secret === '' ? noBytes : utf8(`${of.clusterName}\n${of.secret}`),
  nonce: noBytes,
});

/** Why a link between these two cannot be, or `null`; in the order of the real transport. */
export function refusalOf(mine: PeerHello, theirs: PeerHello): string | null {
  if (theirs.oldestVersion > mine.version || theirs.version < mine.oldestVersion) return 'version';
  if (theirs.clusterName !== mine.clusterName) return 'cluster name';
  const lineage = lineageRefusal(mine.lineage, theirs.lineage);
  if (lineage !== null) return lineage;
  if (!sameBytes(mine.secretHash, theirs.secretHash)) return 'secret';
  return theirs.nodeId === mine.nodeId ? 'node id' : null;
}

/** A joining node does not know its lineage yet; then the name must do. */
function lineageRefusal(mine: Lineage | null, theirs: Lineage | null): string | null {
  if (mine === null || theirs === null || sameLineage(mine, theirs)) return null;
  return mine.clusterId === theirs.clusterId ? 'epoch' : 'cluster id';
}
