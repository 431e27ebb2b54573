// What a process of clients and the drill tell each other.

/** One client's turn with the lock. Times are milliseconds of the machine's steady clock. */
export type Turn = {
  readonly token: number;
  /** When it was told that it holds the lock. */
  readonly fromMs: number;
  /** The last moment at which it was certain of it. */
  readonly untilMs: number;
  /** The revision of its guarded write; `null`: refused, or not known to be done. */
  readonly wroteAt: number | null;
  readonly write: 'done' | 'refused' | 'failed';
};

export type FromClients =
  /** It holds the lock, and does nothing until it is told to go on. */
  | { readonly kind: 'took'; readonly token: number }
  | { readonly kind: 'turn'; readonly turn: Turn }
  /** Its place in the queue was lost, or its request failed. */
  | { readonly kind: 'failed'; readonly code: string }
  | { readonly kind: 'stopped' };

export type ToClients = { readonly kind: 'go'; readonly token: number } | { readonly kind: 'stop' };
