import type { LogIndex, Term } from '../../base/index.ts';
import { logIndex, term } from '../../base/index.ts';
import type { Entry, Message, Position, VoteAnswer } from '../../raft/index.ts';
import {
  decodeEntry,
  decodeSnapshotMeta,
  encodedEntryLength,
  encodeEntry,
  encodeSnapshotMeta,
} from '../entry.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';

/*
 * The core's messages in a peer frame: u8 kind, u64 term, then by kind. A position is u64 index and
 * u64 term; a flag is one byte, 0 or 1. An entry is u32 length and the bytes of `encodeEntry`.
 */
const kinds = {
  preVoteRequest: 1,
  preVoteReply: 2,
  voteRequest: 3,
  voteReply: 4,
  appendRequest: 5,
  appendReply: 6,
  appendRefusal: 7,
  heartbeat: 8,
  heartbeatReply: 9,
  readRequest: 10,
  readReply: 11,
  snapshot: 12,
  timeoutNow: 13,
  lookFor: 14,
  removed: 15,
} as const satisfies Record<Message['kind'], number>;

const headerBytes = 9;
const positionBytes = 16;

/** The fewest bytes a message can have. */
export const messageBytesMin = headerBytes;

export function messageLength(message: Message): number {
  switch (message.kind) {
    case 'preVoteRequest':
      return headerBytes + positionBytes + 8;
    case 'voteRequest':
      return headerBytes + positionBytes + 9;
    case 'preVoteReply':
    case 'voteReply':
      return headerBytes + 1 + (message.doubt === null ? 0 : positionBytes);
    case 'appendRequest': {
      let size = headerBytes + positionBytes + 8 + 4;
      for (const entry of message.entries) size += 4 + encodedEntryLength(entry);
      return size;
    }
    case 'appendReply':
    case 'heartbeatReply':
    case 'readRequest':
    case 'lookFor':
      return headerBytes + 8;
    case 'appendRefusal':
      return headerBytes + 8 + positionBytes;
    case 'heartbeat':
      return headerBytes + 24;
    case 'readReply':
      return headerBytes + 8 + 1 + (message.index === null ? 0 : 8);
    case 'snapshot':
      return headerBytes + 4 + encodeSnapshotMeta(message.meta).length;
    case 'timeoutNow':
    case 'removed':
      return headerBytes + positionBytes;
  }
}

// One legible dispatch, and its mirror below: each message on a line or two, beside its neighbours.
export function writeMessage(writer: Writer, message: Message): void {
  writer.u8(kinds[message.kind]);
  writer.whole(message.term);
  switch (message.kind) {
    case 'preVoteRequest':
      writePosition(writer, message.last);
      return writer.whole(message.memberIndex);
    case 'voteRequest':
      writePosition(writer, message.last);
      writer.u8(message.transfer ? 1 : 0);
      return writer.whole(message.memberIndex);
    case 'preVoteReply':
    case 'voteReply':
      return writeAnswer(writer, message);
    case 'appendRequest':
      writePosition(writer, message.previous);
      writer.whole(message.commit);
      return writeEntries(writer, message.entries);
    case 'appendReply':
      return writer.whole(message.matched);
    case 'appendRefusal':
      writer.whole(message.previous);
      return writePosition(writer, message.hint);
    case 'heartbeat':
      writer.whole(message.commit);
      writer.whole(message.newest);
      return writer.whole(message.round);
    case 'heartbeatReply':
      return writer.whole(message.round);
    case 'readRequest':
      return writer.whole(message.n);
    case 'readReply':
      writer.whole(message.n);
      writer.u8(message.index === null ? 0 : 1);
      if (message.index !== null) writer.whole(message.index);
      return;
    case 'snapshot':
      return writer.long(encodeSnapshotMeta(message.meta));
    case 'timeoutNow':
      return writePosition(writer, message.last);
    case 'lookFor':
      return writer.whole(message.memberIndex);
    case 'removed':
      return writePosition(writer, message.membershipAt);
  }
}

export function readMessage(reader: Reader): Message {
  const at = reader.at;
  const kind = reader.u8();
  const ofTerm = term(reader.whole());
  switch (kind) {
    case kinds.preVoteRequest: {
      const last = readPosition(reader);
      return { kind: 'preVoteRequest', term: ofTerm, last, memberIndex: readIndex(reader) };
    }
    case kinds.preVoteReply:
      return { kind: 'preVoteReply', term: ofTerm, ...readAnswer(reader) };
    case kinds.voteRequest: {
      const last = readPosition(reader);
      const transfer = reader.flag();
      return { kind: 'voteRequest', term: ofTerm, last, transfer, memberIndex: readIndex(reader) };
    }
    case kinds.voteReply:
      return { kind: 'voteReply', term: ofTerm, ...readAnswer(reader) };
    case kinds.appendRequest:
      return readAppendRequest(reader, ofTerm);
    case kinds.appendReply:
      return { kind: 'appendReply', term: ofTerm, matched: readIndex(reader) };
    case kinds.appendRefusal: {
      const previous = readIndex(reader);
      return { kind: 'appendRefusal', term: ofTerm, previous, hint: readPosition(reader) };
    }
    case kinds.heartbeat: {
      const [commit, newest] = [readIndex(reader), readIndex(reader)];
      return { kind: 'heartbeat', term: ofTerm, commit, newest, round: reader.whole() };
    }
    case kinds.heartbeatReply:
      return { kind: 'heartbeatReply', term: ofTerm, round: reader.whole() };
    case kinds.readRequest:
      return { kind: 'readRequest', term: ofTerm, n: reader.whole() };
    case kinds.readReply: {
      const n = reader.whole();
      return {
        kind: 'readReply',
        term: ofTerm,
        n,
        index: reader.flag() ? readIndex(reader) : null,
      };
    }
    case kinds.snapshot:
      return { kind: 'snapshot', term: ofTerm, meta: decodeSnapshotMeta(reader.long()) };
    case kinds.timeoutNow:
      return { kind: 'timeoutNow', term: ofTerm, last: readPosition(reader) };
    case kinds.lookFor:
      return { kind: 'lookFor', term: ofTerm, memberIndex: readIndex(reader) };
    case kinds.removed:
      return { kind: 'removed', term: ofTerm, membershipAt: readPosition(reader) };
    default:
      return reader.fail(`message kind ${kind} is not known`, at);
  }
}

/** u8 0: refused, 1: granted, 2: granted in doubt, and the position in doubt. */
function writeAnswer(writer: Writer, { granted, doubt }: VoteAnswer): void {
  writer.u8(granted ? (doubt === null ? 1 : 2) : 0);
  if (doubt !== null) writePosition(writer, doubt);
}

function readAnswer(reader: Reader): VoteAnswer {
  const at = reader.at;
  const answer = reader.u8();
  if (answer > 2) reader.fail(`an answer of ${answer}`, at);
  return { granted: answer > 0, doubt: answer === 2 ? readPosition(reader) : null };
}

function writeEntries(writer: Writer, entries: readonly Entry[]): void {
  writer.u32(entries.length);
  for (const entry of entries) writer.long(encodeEntry(entry));
}

/** Entries stand one after the other in the log: checked here, so that the core may trust it. */
function readAppendRequest(reader: Reader, ofTerm: Term): Message {
  const previous = readPosition(reader);
  const commit = readIndex(reader);
  const count = reader.count(reader.u32(), 36);
  const entries: Entry[] = [];
  let before = previous;
  for (let i = 0; i < count; i++) {
    const at = reader.at;
    const entry = decodeEntry(reader.long());
    if (entry.index !== before.index + 1) {
      reader.fail(`entry ${entry.index} follows ${before.index}`, at);
    }
    if (entry.term < before.term || entry.term > ofTerm) {
      reader.fail(`an entry of term ${entry.term} between ${before.term} and ${ofTerm}`, at);
    }
    entries.push(entry);
    before = entry;
  }
  return { kind: 'appendRequest', term: ofTerm, previous, commit, entries };
}

function writePosition(writer: Writer, position: Position): void {
  writer.whole(position.index);
  writer.whole(position.term);
}

const readIndex = (reader: Reader): LogIndex => logIndex(reader.whole());

function readPosition(reader: Reader): Position {
  const index = readIndex(reader);
  return { index, term: term(reader.whole()) };
}
