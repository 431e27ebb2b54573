export {
  decodeClientHello,
  decodeServerHello,
  encodeClientHello,
  encodeServerHello,
  nativeProtocol,
} from './client/hello.ts';
export type { NodeReport } from './client/operators.ts';
export { decodeReplies, encodeReplies } from './client/replies.ts';
export { decodeRequests, encodeRequests } from './client/requests.ts';
export type {
  ClientHello,
  InSession,
  LogPosition,
  MemberAddress,
  MemberChange,
  NativeEvent,
  NativeFile,
  NativeReply,
  NativeRequest,
  ServerHello,
} from './client/types.ts';
export { decodeEnvelope, encodeEnvelope, nilOrigin, originOf } from './command.ts';
export { DoozerFramer } from './doozer/framer.ts';
export {
  decodeDoozerRequest,
  decodeDoozerResponse,
  encodeDoozerRequest,
  encodeDoozerResponse,
} from './doozer/messages.ts';
export type { DoozerError, DoozerRequest, DoozerResponse, DoozerVerb } from './doozer/types.ts';
export {
  doozerErrors,
  doozerFlags,
  doozerVerbs,
  emptyDoozerRequest,
  emptyDoozerResponse,
} from './doozer/types.ts';
export {
  decodeEntry,
  decodeSnapshotMeta,
  encodedEntryLength,
  encodeEntry,
  encodeSnapshotMeta,
  entryHeaderBytes,
} from './entry.ts';
export { decodeMembership, encodeMembership } from './membership.ts';
export { decodePeerFrame, encodePeerFrame, peerFrameLength, splitPeerFrame } from './peer/frame.ts';
export type { PeerHello } from './peer/hello.ts';
export { decodePeerHello, encodePeerHello, peerProtocol } from './peer/hello.ts';
export { decodePeerProof, encodePeerProof, proofBytes } from './peer/proof.ts';
export type { DigestClaim, DigestPoint, NodeMessage, PeerFrame } from './peer/types.ts';
