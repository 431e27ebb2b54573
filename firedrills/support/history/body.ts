import { createHash } from 'node:crypto';

/** Bodies beyond this are kept as their length and hash: a long drill is to fit into memory. */
const keptWholeBytes = 8192;

/** A body as the history keeps it. Equal bodies are kept alike. */
export function bodyText(bytes: Uint8Array | null): string {
  if (bytes === null) return '';
  if (bytes.length <= keptWholeBytes) return new TextDecoder().decode(bytes);
  return `${bytes.length} bytes, ${createHash('sha256').update(bytes).digest('hex').slice(0, 24)}`;
}
