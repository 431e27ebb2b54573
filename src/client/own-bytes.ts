/**
 * The same with a body of its own. What is read from a message is a view of it: whoever kept a small body
 * would keep the whole message, and on Node it would be a `Buffer`, whose methods differ.
 */
export const withOwnBody = <T extends { readonly body: Uint8Array }>(item: T): T => ({
  ...item,
  body: new Uint8Array(item.body),
});
