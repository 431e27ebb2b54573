/** What -json prints. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/** One value, one line. */
export const jsonLine = (value: Json): string => `${JSON.stringify(value)}\n`;

const utf8Text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Bytes as a field: as text under `name` where they are UTF-8, else as base64 under `nameBase64`. Either way
 * they can be had back to the byte.
 */
export function bytesField(name: string, bytes: Uint8Array): { readonly [key: string]: string } {
  try {
    return { [name]: utf8Text.decode(bytes) };
  } catch {
    return { [`${name}Base64`]: Buffer.from(bytes).toString('base64') };
  }
}
