import { doozerdPage, doozerPage } from './programs.ts';
import { protocolPage } from './protocol.ts';
import { uriPage } from './uri.ts';

/** Where the pages are kept. */
export const folder = 'docs/man';

/** Every page by its file's name, as it should be in `version`. */
export const pages = (version: string): Readonly<Record<string, string>> => ({
  'doozer.1': doozerPage(version),
  'doozerd.8': doozerdPage(version),
  'doozer-uri.7': uriPage(version),
  'doozer-protocol.7': protocolPage(version),
});
