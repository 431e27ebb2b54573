import { Packr } from 'msgpackr';
import type { Membership, NodeId } from '../../src/base/index.ts';
import {
  bootNumber,
  ClusterError,
  clusterId,
  clusterTime,
  logIndex,
  nodeId,
  noSession,
  term,
  utf8,
} from '../../src/base/index.ts';
import type { Entry, EntryPayload } from '../../src/raft/index.ts';
import type { Command, CommandEnvelope } from '../../src/tree/index.ts';

// As another client may write, without records.
const packr = new Packr({ useRecords: false });
export const packed = (value: unknown) => new Uint8Array(packr.pack(value));

export const nodeA = nodeId('NODEAAAAAAAAAAAA');
export const nodeB = nodeId('NODEBBBBBBBBBBBB');
export const nodeC = nodeId('NODECCCCCCCCCCCC');
export const cluster = clusterId('CLUSTERAAAAAAAAA');

export const addressesOf = (...ids: NodeId[]) =>
  new Map(ids.map((id, i) => [id, `10.0.0.${i + 1}:8046`]));

export const jointMembership: Membership = {
  voters: [nodeA, nodeC],
  outgoing: [nodeA, nodeB],
  learners: [],
  learnersNext: [nodeB],
  parked: [nodeB],
  addresses: addressesOf(nodeA, nodeC, nodeB),
};

export const entryOf = (index: number, ofTerm: number, payload: EntryPayload): Entry => ({
  index: logIndex(index),
  term: term(ofTerm),
  time: clusterTime(index * 10),
  payload,
  encoded: null,
});

export const commandEntry = (index: number, ofTerm: number, text: string): Entry =>
  entryOf(index, ofTerm, { kind: 'command', bytes: utf8(text) });

export const envelopeOf = (command: Command, n = 7): CommandEnvelope => ({
  origin: { node: nodeA, boot: bootNumber(3), n },
  session: noSession,
  seq: 0,
  ackedBelow: 0,
  command,
});

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
export const fromHex = (hex: string): Uint8Array =>
  new Uint8Array(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));

/** What `act` throws: its code and message. */
export function failureOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof ClusterError) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'nothing was thrown';
}

/** `bytes` with the byte at `at` replaced. */
export function withByte(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = value;
  return copy;
}
