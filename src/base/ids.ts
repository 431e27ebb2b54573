import { assert } from './assert.ts';
import type { Brand } from './brand.ts';

/** Position of an entry in the replicated log. The first entry is 1; 0 is "before the log". */
export type LogIndex = Brand<number, 'LogIndex'>;
/** A leader's reign. Grows by one or more at each election; 0 is "before any election". */
export type Term = Brand<number, 'Term'>;
/** How many operations the tree has taken; the tree's state after that many. */
export type Revision = Brand<number, 'Revision'>;
/** Milliseconds this cluster has been led. Carried in entries, never backwards. */
export type ClusterTime = Brand<number, 'ClusterTime'>;
/** How often this node has started; raised durably at each start, from 1. */
export type BootNumber = Brand<number, 'BootNumber'>;
/** A node for ever: 80 random bits as 16 characters of base32; never reused, even after removal. */
export type NodeId = Brand<string, 'NodeId'>;
/** A cluster for ever: 80 random bits as 16 characters of base32. */
export type ClusterId = Brand<string, 'ClusterId'>;
/** A lease: the log index of the entry that granted it. 0 is "no lease". */
export type LeaseId = Brand<number, 'LeaseId'>;
/** A session: the log index of the entry that opened it. 0 is "no session". */
export type SessionId = Brand<number, 'SessionId'>;

/** A cluster in one life: an operator who gives up a lost quorum begins a new epoch. Compared whole. */
export type Lineage = {
  readonly clusterId: ClusterId;
  /** 1 at boot, one more at each forced recovery. */
  readonly epoch: number;
  /** Tells two recoveries apart that were begun at once. Empty in epoch 1. */
  readonly epochId: string;
};

function whole(n: number, what: string): number {
  assert(Number.isSafeInteger(n) && n >= 0, `a ${what} is a safe whole number, not ${n}`);
  return n;
}
export const logIndex = (n: number): LogIndex => whole(n, 'log index') as LogIndex;
export const term = (n: number): Term => whole(n, 'term') as Term;
export const revision = (n: number): Revision => whole(n, 'revision') as Revision;
export const clusterTime = (n: number): ClusterTime => whole(n, 'cluster time') as ClusterTime;
export const bootNumber = (n: number): BootNumber => whole(n, 'boot number') as BootNumber;
export const leaseId = (n: number): LeaseId => whole(n, 'lease id') as LeaseId;
export const sessionId = (n: number): SessionId => whole(n, 'session id') as SessionId;

const idForm = /^[A-Z2-7]{16}$/;

/** `text` as a node id, or `null` when it is not 16 characters of A-Z2-7. */
export const parseNodeId = (text: string): NodeId | null =>
  idForm.test(text) ? (text as NodeId) : null;
/** As `parseNodeId`, for callers that know. */
export function nodeId(text: string): NodeId {
  assert(idForm.test(text), `a node id is 16 characters of A-Z2-7, not "${text}"`);
  return text as NodeId;
}
/** `text` as a cluster id, or `null` when it is not 16 characters of A-Z2-7. */
export const parseClusterId = (text: string): ClusterId | null =>
  idForm.test(text) ? (text as ClusterId) : null;
export function clusterId(text: string): ClusterId {
  assert(idForm.test(text), `a cluster id is 16 characters of A-Z2-7, not "${text}"`);
  return text as ClusterId;
}

export const nextIndex = (i: LogIndex): LogIndex => (i + 1) as LogIndex;
export const previousIndex = (i: LogIndex): LogIndex => logIndex(i - 1);
export const nextRevision = (r: Revision): Revision => (r + 1) as Revision;
export const noIndex = 0 as LogIndex;
export const noTerm = 0 as Term;
export const noRevision = 0 as Revision;
export const noTime = 0 as ClusterTime;
export const noLease = 0 as LeaseId;
export const noSession = 0 as SessionId;

export const sameLineage = (a: Lineage, b: Lineage): boolean =>
  a.clusterId === b.clusterId && a.epoch === b.epoch && a.epochId === b.epochId;
