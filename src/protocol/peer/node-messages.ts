import type { Term } from '../../base/index.ts';
import { bootNumber, leaseId, limits, logIndex, noBytes, term } from '../../base/index.ts';
import type { RefusalReason, SnapshotMeta } from '../../raft/index.ts';
import { decodeSnapshotMeta, encodeSnapshotMeta } from '../entry.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import type { DigestClaim, DigestPoint, NodeMessage } from './types.ts';

/* Node messages in a peer frame: u8 kind, u64 term, then by kind. */
const kinds = {
  forward: 1,
  forwardRefused: 2,
  snapshotPiece: 3,
  snapshotAck: 4,
  digest: 5,
  snapshotWanted: 6,
  keepAlive: 7,
  keptAlive: 8,
} as const satisfies Record<NodeMessage['kind'], number>;

const reasons = {
  notLeader: 1,
  transferring: 2,
  overloaded: 3,
  changePending: 4,
  notReady: 5,
  stale: 6,
  notCaughtUp: 7,
  notAMember: 8,
  leaderLeaves: 9,
  tooMany: 10,
  lastVoter: 11,
  diskFull: 12,
} as const satisfies Record<RefusalReason, number>;

const reasonOf = new Map(
  Object.entries(reasons).map(([reason, code]) => [code as number, reason as RefusalReason]),
);

const headerBytes = 9;
/** Id, boot, count, how many points; then each point: index, version, digest. */
const claimBytes = 16 + 8 + 8 + 4;
const pointBytes = 8 + 4 + 16;

/** The fewest bytes a node message can have. */
export const nodeMessageBytesMin = headerBytes;

export function nodeMessageLength(message: NodeMessage): number {
  switch (message.kind) {
    case 'forward': {
      let size = headerBytes + 8 + 4;
      for (const command of message.commands) size += 4 + command.length;
      return size;
    }
    case 'forwardRefused':
      return headerBytes + 8 + 1;
    case 'snapshotPiece':
      return headerBytes + 24 + 8 + metaBytes(message.meta).length + message.bytes.length;
    case 'snapshotAck':
      return headerBytes + 16;
    case 'digest': {
      let size = headerBytes + 4;
      for (const { points } of message.claims) size += claimBytes + points.length * pointBytes;
      return size;
    }
    case 'snapshotWanted':
      return headerBytes + 8;
    case 'keepAlive':
      return headerBytes + 8 + 1 + 4 + 8 * message.leases.length;
    case 'keptAlive':
      return headerBytes + 8 + 4 + 8 * message.leftMs.length;
  }
}

export function writeNodeMessage(writer: Writer, message: NodeMessage): void {
  writer.u8(kinds[message.kind]);
  writer.whole(message.term);
  switch (message.kind) {
    case 'forward':
      writer.whole(message.batch);
      writer.u32(message.commands.length);
      for (const command of message.commands) writer.long(command);
      return;
    case 'forwardRefused':
      writer.whole(message.batch);
      return writer.u8(reasons[message.reason]);
    case 'snapshotPiece':
      writer.whole(message.index);
      writer.whole(message.position);
      writer.whole(message.size);
      writer.long(metaBytes(message.meta));
      return writer.long(message.bytes);
    case 'snapshotAck':
      writer.whole(message.index);
      return writer.whole(message.position);
    case 'digest':
      writer.u32(message.claims.length);
      for (const claim of message.claims) writeClaim(writer, claim);
      return;
    case 'snapshotWanted':
      return writer.whole(message.index);
    case 'keepAlive':
      writer.whole(message.n);
      writer.u8(message.renew ? 1 : 0);
      return writeNumbers(writer, message.leases);
    case 'keptAlive':
      writer.whole(message.n);
      return writeNumbers(writer, message.leftMs);
  }
}

function writeNumbers(writer: Writer, numbers: readonly number[]): void {
  writer.u32(numbers.length);
  for (const number of numbers) writer.whole(number);
}

function writeClaim(writer: Writer, { node, boot, n, points }: DigestClaim): void {
  writer.ascii(node);
  writer.whole(boot);
  writer.whole(n);
  writer.u32(points.length);
  for (const { index, version, digest } of points) {
    writer.whole(index);
    writer.u32(version);
    for (let at = 0; at < 32; at += 8) writer.u32(Number.parseInt(digest.slice(at, at + 8), 16));
  }
}

export function readNodeMessage(reader: Reader): NodeMessage {
  const at = reader.at;
  const kind = reader.u8();
  const ofTerm = term(reader.whole());
  switch (kind) {
    case kinds.forward: {
      const batch = reader.whole();
      const count = reader.count(reader.u32(), 4);
      const commands: Uint8Array[] = [];
      for (let i = 0; i < count; i++) commands.push(reader.long());
      return { kind: 'forward', term: ofTerm, batch, commands };
    }
    case kinds.forwardRefused: {
      const batch = reader.whole();
      const code = reader.u8();
      const reason = reasonOf.get(code) ?? reader.fail(`reason ${code} is not known`);
      return { kind: 'forwardRefused', term: ofTerm, batch, reason };
    }
    case kinds.snapshotPiece:
      return readPiece(reader, ofTerm, at);
    case kinds.snapshotAck: {
      const index = logIndex(reader.whole());
      return { kind: 'snapshotAck', index, term: ofTerm, position: reader.whole() };
    }
    case kinds.digest: {
      const count = reader.count(reader.u32(), claimBytes);
      if (count > limits.membersMax) reader.fail(`${count} claims, at most ${limits.membersMax}`);
      const claims: DigestClaim[] = [];
      for (let i = 0; i < count; i++) claims.push(readClaim(reader));
      return { kind: 'digest', term: ofTerm, claims };
    }
    case kinds.snapshotWanted:
      return { kind: 'snapshotWanted', term: ofTerm, index: logIndex(reader.whole()) };
    case kinds.keepAlive: {
      const n = reader.whole();
      const renew = reader.flag();
      const leases = readNumbers(reader).map(leaseId);
      return { kind: 'keepAlive', term: ofTerm, n, renew, leases };
    }
    case kinds.keptAlive:
      return { kind: 'keptAlive', term: ofTerm, n: reader.whole(), leftMs: readNumbers(reader) };
    default:
      return reader.fail(`node message kind ${kind} is not known`, at);
  }
}

function readNumbers(reader: Reader): number[] {
  const { at } = reader;
  const count = reader.count(reader.u32(), 8);
  const most = limits.keepAliveLeasesMax;
  if (count > most) reader.fail(`${count} leases, at most ${most}`, at);
  return Array.from({ length: count }, () => reader.whole());
}

function readClaim(reader: Reader): DigestClaim {
  const node = reader.nodeId();
  const boot = bootNumber(reader.whole());
  const n = reader.whole();
  const count = reader.count(reader.u32(), pointBytes);
  if (count > limits.digestPointsMax) {
    reader.fail(`${count} points, at most ${limits.digestPointsMax}`);
  }
  const points: DigestPoint[] = [];
  for (let i = 0; i < count; i++) {
    const index = logIndex(reader.whole());
    const version = reader.u32();
    let digest = '';
    for (let lane = 0; lane < 4; lane++) digest += reader.u32().toString(16).padStart(8, '0');
    points.push({ index, version, digest });
  }
  return { node, boot, n, points };
}

function readPiece(reader: Reader, ofTerm: Term, at: number): NodeMessage {
  const index = logIndex(reader.whole());
  const position = reader.whole();
  const size = reader.whole();
  const metaPart = reader.long();
  const meta = metaPart.length === 0 ? null : decodeSnapshotMeta(metaPart);
  const bytes = reader.long();
  if (bytes.length > limits.snapshotPieceBytesMax) reader.fail('a piece is too large', at);
  if (position + bytes.length > size) reader.fail('a piece goes beyond its snapshot', at);
  return { kind: 'snapshotPiece', index, term: ofTerm, meta, position, size, bytes };
}

const metaBytes = (meta: SnapshotMeta | null): Uint8Array =>
  meta === null ? noBytes : encodeSnapshotMeta(meta);
