export type { Alarm, AlarmListener } from './alarms.ts';
export { Alarms } from './alarms.ts';
export { AssertionError, assert, must, unreachable } from './assert.ts';
export type { Brand } from './brand.ts';
export { base32Of, bytesOfBase32, compareText, noBytes, sameBytes, textOf, utf8 } from './bytes.ts';
export type { Effect, ErrorCode, Retry } from './errors.ts';
export { ClusterError, errorCodes, isDiskFull, isErrorCode } from './errors.ts';
export { Guesses } from './guesses.ts';
export type { HistogramView } from './histogram.ts';
export { Histogram, secondsBounds } from './histogram.ts';
export type {
  BootNumber,
  ClusterId,
  ClusterTime,
  LeaseId,
  Lineage,
  LogIndex,
  NodeId,
  Revision,
  SessionId,
  Term,
} from './ids.ts';
export {
  bootNumber,
  clusterId,
  clusterTime,
  leaseId,
  logIndex,
  nextIndex,
  nextRevision,
  nodeId,
  noIndex,
  noLease,
  noRevision,
  noSession,
  noTerm,
  noTime,
  parseClusterId,
  parseNodeId,
  previousIndex,
  revision,
  sameLineage,
  sessionId,
  term,
} from './ids.ts';
export { limits } from './limits.ts';
export type { LogLevel } from './log-level.ts';
export { logLevels, parseLogLevel } from './log-level.ts';
export type { Membership } from './membership.ts';
export {
  emptyMembership,
  finalOf,
  isJoint,
  isLearner,
  isMember,
  isVoter,
  membersOf,
  sameMembership,
  soleMembership,
} from './membership.ts';
export type { Prng } from './prng.ts';
export { prng } from './prng.ts';
