import type { LeaseId, NodeId, SessionId } from '../base/index.ts';
import {
  AssertionError,
  bootNumber,
  leaseId,
  noLease,
  noSession,
  parseClusterId,
  sessionId,
  term,
} from '../base/index.ts';
import type { Path } from '../paths/index.ts';
import {
  type Command,
  type CommandEnvelope,
  laterLimits,
  type Origin,
  sessionsVersion,
  type TreeLimits,
  usualLimits,
  type Write,
} from '../tree/index.ts';
import {
  putTransaction,
  putWrite,
  readPath,
  sizeOfTransaction,
  sizeOfWrite,
  takeCount,
  takeCreate,
  takeDelete,
  takeSet,
  takeTransaction,
} from './command-writes.ts';
import { asciiAt, nodeIdAt, Reader, wholeAt } from './reader.ts';
import { bytesOf, Writer } from './writer.ts';

/*
 * A command as it stands in an entry, little-endian:
 *
 *    0  u8    1, the form's version
 *    1  u8    kind: 1 set, 2 delete, 3 nop, 4 found, 5 publish, 6 set with a lease, 7 create, 8 count,
 *             9 transaction, 10 grant, 11 revoke, 12 expire; 0x80 added: session fields follow
 *    2  16    origin: node id
 *   18  u64   origin: boot
 *   26  u64   origin: n
 *   34        with 0x80: u64 session, u64 seq, u64 ackedBelow
 *             then by kind:
 *   set       i64 guard, u16 length and path, the body to the end
 *   delete    i64 guard, u16 length and path
 *   nop       nothing
 *   found     cluster id 16, u64 epoch, epoch id, name, u32 behaviour version,
 *             u64 valueBytesMax, u64 pathBytesMax, u16 count of files: path, u32 length and body;
 *             from behaviour version 2 on, u64 each: the limits of transactions (operations, bytes),
 *             leases (how many, files, least and most length), sessions (window, bytes of answers)
 *   publish   node id 16, u16 count of files: name, u32 length and body
 *   6 to 9    `command-writes.ts`
 *   grant     u64 length in ms, u32 window
 *   revoke    u64 lease
 *   expire    u64 term, u32 count of leases: u64
 *
 * Texts are UTF-8 after their length as u16. The origin stands at the same place in every version,
 * so that a node that cannot read a newer command still knows whose it is.
 */
const formVersion = 1;
const originAt = 2;
const commandAt = 34;
const sessionFlag = 0x80;
const kinds = {
  set: 1,
  delete: 2,
  nop: 3,
  found: 4,
  publish: 5,
  leasedSet: 6,
  create: 7,
  count: 8,
  transaction: 9,
  grant: 10,
  revoke: 11,
  expire: 12,
} as const;

/** The origin of a command whose origin could not be read: no node has this id and boot 0. */
export const nilOrigin: Origin = {
  node: 'AAAAAAAAAAAAAAAA' as NodeId,
  boot: bootNumber(0),
  n: 0,
};

/** The bytes of a command, fresh and exact in size. An unreadable one has no bytes. */
export function encodeEnvelope(envelope: CommandEnvelope): Uint8Array {
  const { command } = envelope;
  switch (command.kind) {
    case 'set':
    case 'delete':
    case 'create':
    case 'count': {
      const writer = begin(envelope, kindOfWrite(command), sizeOfWrite(command));
      putWrite(writer, command);
      return writer.finish();
    }
    case 'transaction': {
      const writer = begin(envelope, kinds.transaction, sizeOfTransaction(command));
      putTransaction(writer, command);
      return writer.finish();
    }
    case 'grant': {
      const writer = begin(envelope, kinds.grant, 12);
      writer.whole(command.lengthMs);
      writer.u32(command.window);
      return writer.finish();
    }
    case 'revoke': {
      const writer = begin(envelope, kinds.revoke, 8);
      writer.whole(command.lease);
      return writer.finish();
    }
    case 'expire': {
      const writer = begin(envelope, kinds.expire, 12 + 8 * command.leases.length);
      writer.whole(command.term);
      writer.u32(command.leases.length);
      for (const id of command.leases) writer.whole(id);
      return writer.finish();
    }
    case 'nop':
      return begin(envelope, kinds.nop, 0).finish();
    case 'found':
      return encodeFound(envelope, command);
    case 'publish':
      return encodePublish(envelope, command);
    case 'unreadable':
      throw new AssertionError('a command that cannot be read is never written');
  }
}

const kindOfWrite = (write: Write): number =>
  write.kind === 'set' && (write.lease ?? noLease) !== noLease
    ? kinds.leasedSet
    : kinds[write.kind];

/** Header and session fields, with room for `size` bytes more. */
function begin(envelope: CommandEnvelope, kind: number, size: number): Writer {
  const { origin, session } = envelope;
  const inSession = session !== noSession;
  const writer = new Writer(commandAt + (inSession ? 24 : 0) + size);
  writer.u8(formVersion);
  writer.u8(inSession ? kind | sessionFlag : kind);
  writer.ascii(origin.node);
  writer.whole(origin.boot);
  writer.whole(origin.n);
  if (inSession) {
    writer.whole(session);
    writer.whole(envelope.seq);
    writer.whole(envelope.ackedBelow);
  }
  return writer;
}

function encodeFound(
  envelope: CommandEnvelope,
  command: Extract<Command, { kind: 'found' }>,
): Uint8Array {
  const { lineage, files } = command;
  const name = bytesOf(command.name);
  const epochId = bytesOf(lineage.epochId);
  const filesSize = files.reduce((sum, { path, body }) => sum + 6 + path.length + body.length, 2);
  const more = command.behaviourVersion >= sessionsVersion ? laterLimits : [];
  const size = 16 + 8 + 2 + epochId.length + 2 + name.length + 4 + 16 + filesSize + 8 * more.length;
  const writer = begin(envelope, kinds.found, size);
  writer.ascii(lineage.clusterId);
  writer.whole(lineage.epoch);
  writer.short(epochId);
  writer.short(name);
  writer.u32(command.behaviourVersion);
  writer.whole(command.limits.valueBytesMax);
  writer.whole(command.limits.pathBytesMax);
  writer.u16(files.length);
  for (const { path, body } of files) {
    writer.u16(path.length);
    writer.ascii(path);
    writer.long(body);
  }
  for (const limit of more) writer.whole(command.limits[limit]);
  return writer.finish();
}

function encodePublish(
  envelope: CommandEnvelope,
  command: Extract<Command, { kind: 'publish' }>,
): Uint8Array {
  const names = command.files.map(({ name }) => bytesOf(name));
  const filesSize = command.files.reduce(
    (sum, { body }, i) => sum + 6 + (names[i]?.length ?? 0) + body.length,
    2,
  );
  const writer = begin(envelope, kinds.publish, 16 + filesSize);
  writer.ascii(command.node);
  writer.u16(command.files.length);
  command.files.forEach(({ body }, i) => {
    writer.short(names[i] ?? bytesOf(''));
    writer.long(body);
  });
  return writer.finish();
}

/**
 * The command that `bytes` are. Never throws, since all nodes must decide alike: what cannot be
 * read is the command `unreadable`, with its origin if that could be read. Bodies are copies: they
 * stay in the tree long after the entry, and a small one must not keep a large frame in memory.
 */
export function decodeEnvelope(bytes: Uint8Array): CommandEnvelope {
  const origin = originOf(bytes);
  if (origin !== nilOrigin) {
    try {
      return readEnvelope(bytes, origin);
    } catch {
      // Reader's ERR_BAD_FRAME: which byte it was matters to nobody who applies the entry.
    }
  }
  const command = { kind: 'unreadable' } as const;
  return { origin, session: noSession, seq: 0, ackedBelow: 0, command };
}

/** Whose command this is, without reading the rest; `nilOrigin` when that cannot be told. */
export function originOf(bytes: Uint8Array): Origin {
  if (bytes.length < commandAt) return nilOrigin;
  const node = nodeIdAt(bytes, originAt);
  if (node === null) return nilOrigin;
  const boot = wholeAt(bytes, originAt + 16);
  const n = wholeAt(bytes, originAt + 24);
  if (boot === null || n === null) return nilOrigin;
  return { node, boot: bootNumber(boot), n };
}

function readEnvelope(bytes: Uint8Array, origin: Origin): CommandEnvelope {
  const reader = new Reader(bytes, 'a command');
  const version = reader.u8();
  if (version !== formVersion) reader.fail(`form ${version} is not known`, 0);
  const kind = reader.u8();
  reader.skip(commandAt - originAt);
  let session: SessionId = noSession;
  let seq = 0;
  let ackedBelow = 0;
  if ((kind & sessionFlag) !== 0) {
    session = sessionId(reader.whole());
    seq = reader.whole();
    ackedBelow = reader.whole();
  }
  const command = readCommand(reader, kind & ~sessionFlag);
  reader.end();
  return { origin, session, seq, ackedBelow, command };
}

function readCommand(reader: Reader, kind: number): Command {
  switch (kind) {
    case kinds.set:
      return takeSet(reader, false);
    case kinds.leasedSet:
      return takeSet(reader, true);
    case kinds.delete:
      return takeDelete(reader);
    case kinds.create:
      return takeCreate(reader);
    case kinds.count:
      return takeCount(reader);
    case kinds.transaction:
      return takeTransaction(reader);
    case kinds.grant:
      return { kind: 'grant', lengthMs: reader.whole(), window: reader.u32() };
    case kinds.revoke:
      return { kind: 'revoke', lease: leaseId(reader.whole()) };
    case kinds.expire:
      return readExpire(reader);
    case kinds.nop:
      return { kind: 'nop' };
    case kinds.found:
      return readFound(reader);
    case kinds.publish:
      return readPublish(reader);
    default:
      return reader.fail(`kind ${kind} is not known`, 1);
  }
}

function readExpire(reader: Reader): Command {
  const of = term(reader.whole());
  const leases: LeaseId[] = [];
  for (let left = reader.count(reader.u32(), 8); left > 0; left--) {
    leases.push(leaseId(reader.whole()));
  }
  return { kind: 'expire', leases, term: of };
}

function readFound(reader: Reader): Command {
  const at = reader.at;
  const clusterId = parseClusterId(asciiAt(reader.take(16), 0, 16));
  if (clusterId === null) return reader.fail('a cluster id is 16 characters of A-Z2-7', at);
  const epoch = reader.whole();
  const epochId = reader.text();
  const name = reader.text();
  const behaviourVersion = reader.u32();
  const valueBytesMax = reader.whole();
  const pathBytesMax = reader.whole();
  const count = reader.count(reader.u16(), 7);
  const files: { path: Path; body: Uint8Array }[] = [];
  for (let i = 0; i < count; i++)
    files.push({ path: readPath(reader), body: reader.long().slice() });
  const lineage = { clusterId, epoch, epochId };
  const later: { -readonly [Name in keyof TreeLimits]?: number } = {};
  if (behaviourVersion >= sessionsVersion) {
    for (const limit of laterLimits) later[limit] = reader.whole();
  }
  const limits = { ...usualLimits, ...later, valueBytesMax, pathBytesMax };
  return { kind: 'found', lineage, name, behaviourVersion, limits, files };
}

function readPublish(reader: Reader): Command {
  const node = reader.nodeId();
  const count = reader.count(reader.u16(), 6);
  const files: { name: string; body: Uint8Array }[] = [];
  for (let i = 0; i < count; i++) files.push({ name: reader.text(), body: reader.long().slice() });
  return { kind: 'publish', node, files };
}
