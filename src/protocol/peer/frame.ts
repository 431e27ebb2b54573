import { limits } from '../../base/index.ts';
import { Reader } from '../reader.ts';
import { Writer } from '../writer.ts';
import { messageBytesMin, messageLength, readMessage, writeMessage } from './messages.ts';
import {
  nodeMessageBytesMin,
  nodeMessageLength,
  readNodeMessage,
  writeNodeMessage,
} from './node-messages.ts';
import type { PeerFrame } from './types.ts';

/*
 * A peer frame, little-endian: u32 count of messages, u32 count of node messages, then the messages,
 * then the node messages. Which versions both sides speak was settled by their hellos.
 */
const headerBytes = 8;

/** How long `encodePeerFrame(frame)` is. */
export function peerFrameLength(frame: PeerFrame): number {
  let size = headerBytes;
  for (const message of frame.messages) size += messageLength(message);
  for (const message of frame.nodeMessages) size += nodeMessageLength(message);
  return size;
}

/**
 * One contiguous buffer, fresh. Entries are copied from `encodeEntry`, so what goes to two peers is
 * encoded once.
 */
export function encodePeerFrame(frame: PeerFrame): Uint8Array {
  const writer = new Writer(peerFrameLength(frame));
  writer.u32(frame.messages.length);
  writer.u32(frame.nodeMessages.length);
  for (const message of frame.messages) writeMessage(writer, message);
  for (const message of frame.nodeMessages) writeNodeMessage(writer, message);
  return writer.finish();
}

/**
 * The frame that `bytes` are. Entries, commands and pieces inside are views of `bytes`: the buffer
 * belongs to the receiver from here on and may not be written to.
 *
 * @throws ERR_BAD_FRAME with the offset when they are not one.
 */
export function decodePeerFrame(bytes: Uint8Array): PeerFrame {
  const reader = new Reader(bytes, 'a peer frame');
  if (bytes.length > limits.frameBytesMax) {
    reader.fail(`${bytes.length} bytes, at most ${limits.frameBytesMax}`);
  }
  const messageCount = reader.count(reader.u32(), messageBytesMin);
  const nodeMessageCount = reader.count(reader.u32(), nodeMessageBytesMin);
  const messages = [];
  for (let i = 0; i < messageCount; i++) messages.push(readMessage(reader));
  const nodeMessages = [];
  for (let i = 0; i < nodeMessageCount; i++) nodeMessages.push(readNodeMessage(reader));
  reader.end();
  return { messages, nodeMessages };
}

/**
 * `frame` as frames of one message each, in the same order, when it is longer than `bytesMax`; else
 * the frame itself. A single message is never cut: what makes one keeps it within a frame.
 */
export function splitPeerFrame(frame: PeerFrame, bytesMax: number): readonly PeerFrame[] {
  if (peerFrameLength(frame) <= bytesMax) return [frame];
  return [
    ...frame.messages.map((message) => ({ messages: [message], nodeMessages: [] })),
    ...frame.nodeMessages.map((message) => ({ messages: [], nodeMessages: [message] })),
  ];
}
