export {
  decodeClientHello,
  decodeServerHello,
  encodeClientHello,
  encodeServerHello,
  nativeProtocol,
} from './hello.ts';
export type { MemberHealth, NodeHealth } from './operators.ts';
export { decodeReplies, encodeReplies } from './replies.ts';
export { decodeRequests, encodeRequests, versionFor } from './requests.ts';
export { sizeHint } from './sizes.ts';
export type {
  ClientHello,
  InSession,
  LogPosition,
  MemberAddress,
  MemberChange,
  NativeCompare,
  NativeEvent,
  NativeFile,
  NativeOperation,
  NativeRelation,
  NativeReply,
  NativeRequest,
  NativeResult,
  NodeHome,
  NodeReport,
  ServerHello,
} from './types.ts';
