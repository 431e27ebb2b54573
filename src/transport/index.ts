export { peerUrlPath } from './dialler.ts';
export type { PeerCounts, PeerTls, PeerTransportOptions } from './options.ts';
export { PeerTransport } from './peer-transport.ts';
