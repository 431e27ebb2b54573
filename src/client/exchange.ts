import type { ClusterError } from '../base/index.ts';
import type { NativeReply, NativeRequest } from '../protocol/client/index.ts';

/** What carries requests: a link, as an exchange sees it. */
export type Carrier = {
  /** Of the native protocol, as the node speaks it. */
  readonly version: number;
  /** Nobody waits for the answer to `tag` any more; a wait or watch is taken back, too. */
  readonly forget: (tag: number) => void;
  /** Says something about an open watch that has no reply of its own. */
  readonly tell: (request: NativeRequest) => void;
  /** This node serves badly: new requests go to another one, and what is open here may end here. */
  readonly avoid: () => void;
};

/**
 * A request and what comes back for it, from the first link it is sent over to the last. A link calls
 * `reply` until that says `done`, or `lost` when the link ends before; never both after that.
 */
export type Exchange = {
  /** Whether it is to be answered promptly: then silence while it is open speaks against the link. */
  readonly prompt: boolean;
  /** About how many bytes it takes to send. */
  readonly size: number;
  /**
   * The request as it is to be sent now, over `carrier` under `tag`. Asked for once a link. `null`: it
   * cannot be said there, and its end was told already.
   */
  readonly request: (tag: number, carrier: Carrier) => NativeRequest | null;
  /** What came for it; `done`: nothing more will. */
  readonly reply: (reply: NativeReply) => 'more' | 'done';
  /** The link it was sent over is gone; `taken`: whether the node may have begun with it. */
  readonly lost: (why: ClusterError, taken: 'maybe' | 'no') => void;
  /** No node is to be had, for a reason that will not pass. It waits for a link no more. */
  readonly refused: (why: ClusterError) => void;
};
