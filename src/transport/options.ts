import type { BootNumber, Lineage, NodeId, Prng } from '../base/index.ts';
import type { Clock, Logger, TlsTexts } from '../ports/index.ts';

/** How links are encrypted. */
export type PeerTls = {
  /** For each connection anew: certificates are replaced while the node runs. */
  readonly dialTexts: () => TlsTexts;
  /** Who opens a link here must show a certificate of a node. */
  readonly mutual: boolean;
};

/** What a node's links need to know and to use. */
export type PeerTransportOptions = {
  readonly nodeId: NodeId;
  readonly boot: BootNumber;
  /** host:port where others dial this node. */
  readonly address: string;
  readonly clusterName: string;
  /** The cluster this node belongs to; `null` until a joining node has heard of it. */
  readonly lineage: () => Lineage | null;
  /** What peers must know to be heard. Empty: nothing. */
  readonly secret: string;
  /** Absent: plain TCP, at both ends. */
  readonly tls?: PeerTls | null;
  readonly clock: Clock;
  /** For jitter. */
  readonly prng: Prng;
  readonly logger: Logger;
  /** For tests; each `limits.<name>` unless given. */
  readonly peerHelloTimeoutMs?: number;
  readonly peerQuietMs?: number;
  readonly unsentPeerBytesMax?: number;
};

/** What the links did since the start. */
export type PeerCounts = {
  readonly framesSent: number;
  readonly bytesSent: number;
  readonly framesReceived: number;
  readonly bytesReceived: number;
  /** Not sent: there was no link, or too much was unsent on it. */
  readonly framesDropped: number;
};
