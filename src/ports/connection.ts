/** Opens connections to nodes, for the client library. */
export type Dial = {
  /** Opens a connection to host:port; the promise is rejected with ERR_UNREACHABLE after `timeoutMs`. */
  readonly connect: (address: string, timeoutMs: number) => Promise<Socket>;
};

/** A message connection, client's side. */
export type Socket = {
  /** One message, whole. What cannot be sent is lost with the connection; `onClose` tells. */
  readonly send: (bytes: Uint8Array) => void;
  /** Called for each whole message, in order. The bytes are the receiver's to keep. */
  readonly onMessage: (handler: (bytes: Uint8Array) => void) => void;
  /** Called once; `reason` is for people. */
  readonly onClose: (handler: (reason: string) => void) => void;
  /** Ends the connection; `onClose` is still called. May be called twice. */
  readonly close: () => void;
};
