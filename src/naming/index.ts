export { defaultPort, parseAddress } from './address.ts';
export { locate } from './locate.ts';
export type { ClusterUri, InvalidUri } from './uri.ts';
export { parseUri } from './uri.ts';
