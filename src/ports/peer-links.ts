import type { BootNumber, NodeId } from '../base/index.ts';
import type { PeerFrame } from '../protocol/index.ts';

/** What a node hears from its peers. Handlers only enqueue. */
export type PeerEvents = {
  /** Frames of one link arrive in order. Bytes inside are the receiver's to keep. */
  readonly frame: (from: NodeId, boot: BootNumber, frame: PeerFrame) => void;
  /** A link with this peer closed, though another may be up, or none could be opened. */
  readonly closed: (peer: NodeId) => void;
};

/**
 * Links to other nodes. Best effort by contract: frames may be lost, late, repeated or out of
 * order across links; never altered. Nothing here blocks the caller. Beyond
 * `limits.unsentPeerBytesMax` unsent bytes to a peer its frames are dropped.
 */
export type PeerLinks = {
  /** Called once, before anything else. */
  readonly start: (events: PeerEvents) => void;
  /** Dial these and go on dialling, with back-off and jitter; close the links to all others that we opened. */
  readonly setPeers: (addresses: ReadonlyMap<NodeId, string>) => void;
  /** One frame, in one write. Uses our own link or, for a stranger, the one it opened to us. */
  readonly send: (to: NodeId, frame: PeerFrame) => void;
  /** Bytes not yet taken by the socket, to pace snapshot pieces. */
  readonly unsentBytes: (to: NodeId) => number;
  /** Closes every link; nothing is heard afterwards. May be called twice. */
  readonly stop: () => Promise<void>;
};
