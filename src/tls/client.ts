import type { TlsFiles, TlsTexts } from '../ports/index.ts';
import { readTexts } from './files.ts';
import { checkMaterial } from './material.ts';
import { textsOf } from './options.ts';

/**
 * What a client connects with, from files that are read anew for each connection, so that what was replaced counts from
 * the next one on. A file that became bad leaves what was there before.
 *
 * @throws ERR_BAD_ARGUMENT at the first reading.
 */
export function clientTls(files: TlsFiles): () => TlsTexts {
  const read = () =>
    textsOf(checkMaterial(readTexts(files), { address: null, mutual: false }, Date.now()));
  let last = read();
  return () => {
    try {
      last = read();
    } catch {
      // Half written, perhaps: whoever is asked will say whether the old one still does.
    }
    return last;
  };
}
