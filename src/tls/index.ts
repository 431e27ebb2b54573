export { Certificates } from './certificates.ts';
export { clientTls } from './client.ts';
export { connectionOptions } from './options.ts';
export { isCertified, peerNameRefusal, peerRefusal } from './peers.ts';
export { handshakeReason } from './reasons.ts';
