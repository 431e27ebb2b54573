export {
  decodeClientHello,
  decodeServerHello,
  encodeClientHello,
  encodeServerHello,
  nativeProtocol,
} from './hello.ts';
export { decodeReplies, encodeReplies } from './replies.ts';
export { decodeRequests, encodeRequests } from './requests.ts';
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
  NodeReport,
  ServerHello,
} from './types.ts';
