import type { NativeEvent } from '../protocol/client/index.ts';

/**
 * The same with a body of its own. What is read from a message is a view of it: whoever kept a small body
 * would keep the whole message, and on Node it would be a `Buffer`, whose methods differ.
 */
export const withOwnBody = <T extends { readonly body: Uint8Array }>(item: T): T => ({
  ...item,
  body: new Uint8Array(item.body),
});

/** An event with bodies of its own. */
export const withOwnBodies = (event: NativeEvent): NativeEvent => ({
  ...withOwnBody(event),
  previous: event.previous === null ? null : new Uint8Array(event.previous),
});
