export { decodePeerFrame, encodePeerFrame, peerFrameLength, splitPeerFrame } from './frame.ts';
export type { PeerHello } from './hello.ts';
export { decodePeerHello, encodePeerHello, peerProtocol } from './hello.ts';
export { decodePeerProof, encodePeerProof, proofBytes } from './proof.ts';
export type { DigestClaim, DigestPoint, NodeMessage, PeerFrame } from './types.ts';
