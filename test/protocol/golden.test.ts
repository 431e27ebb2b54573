import { isDeepStrictEqual } from 'node:util';
import { utf8 } from '../../src/base/index.ts';
import {
  decodeClientHello,
  decodeReplies,
  decodeRequests,
  decodeServerHello,
  encodeClientHello,
  encodeReplies,
  encodeRequests,
  encodeServerHello,
} from '../../src/protocol/client/index.ts';
import type { DoozerRequest, DoozerResponse } from '../../src/protocol/doozer/index.ts';
import {
  decodeDoozerRequest,
  decodeDoozerResponse,
  emptyDoozerRequest,
  emptyDoozerResponse,
  encodeDoozerRequest,
  encodeDoozerResponse,
} from '../../src/protocol/doozer/index.ts';
import {
  decodeEntry,
  decodeEnvelope,
  decodePeerFrame,
  decodePeerHello,
  decodePeerProof,
  decodeSnapshotMeta,
  encodeEntry,
  encodeEnvelope,
  encodePeerFrame,
  encodePeerHello,
  encodePeerProof,
  encodeSnapshotMeta,
} from '../../src/protocol/index.ts';
import type { Entry } from '../../src/raft/index.ts';
import type { Directive } from '../support/datadriven.ts';
import { describeScenarios } from '../support/datadriven.ts';
import { fromHex, hexOf } from './support.ts';

// The bytes of every message of every protocol, so that none changes unseen. Each directive is given
// a message as JSON, bytes as {"text": ...} and maps as {"map": [...]}, and answers its bytes; that
// they read back as the same message is checked on the way.

type Codec = {
  readonly encode: (value: never) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => unknown;
};

const codec = <T>(
  encode: (value: T) => Uint8Array,
  decode: (bytes: Uint8Array) => unknown,
): Codec => ({ encode, decode });

const later = { least: null, lease: 0, previous: false };
const body = (frame: Uint8Array) => frame.subarray(4);
const codecs: Record<string, Codec> = {
  entry: codec(
    (entry: Entry) => encodeEntry({ ...entry, encoded: null }),
    (bytes) => {
      const { encoded: _, ...entry } = decodeEntry(bytes);
      return entry;
    },
  ),
  'snapshot-meta': codec(encodeSnapshotMeta, decodeSnapshotMeta),
  command: codec(encodeEnvelope, decodeEnvelope),
  'peer-hello': codec(encodePeerHello, decodePeerHello),
  'peer-proof': codec(encodePeerProof, decodePeerProof),
  'peer-frame': codec(encodePeerFrame, decodePeerFrame),
  'client-hello': codec(encodeClientHello, decodeClientHello),
  'server-hello': codec(encodeServerHello, decodeServerHello),
  requests: codec(encodeRequests, decodeRequests),
  replies: codec(encodeReplies, decodeReplies),
  // Written in version 1; read back, what that version did not have is as it was before.
  'first-requests': codec(
    (requests: object[]) => encodeRequests(requests.map((it) => ({ ...later, ...it })) as never),
    decodeRequests,
  ),
  'first-replies': codec((replies: never) => encodeReplies(replies, 1), decodeReplies),
  'doozer-request': codec(
    (request: Partial<DoozerRequest>) => encodeDoozerRequest({ ...emptyDoozerRequest, ...request }),
    (frame) => present(decodeDoozerRequest(body(frame))),
  ),
  'doozer-response': codec(
    (response: Partial<DoozerResponse>) =>
      encodeDoozerResponse({ ...emptyDoozerResponse, ...response }),
    (frame) => present(decodeDoozerResponse(body(frame))),
  ),
};

/** Only the fields that are there. */
const present = (message: object | null) =>
  message === null
    ? null
    : Object.fromEntries(Object.entries(message).filter(([, value]) => value !== null));

function revive(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { text, map } = value as { text?: unknown; map?: [unknown, unknown][] };
  if (typeof text === 'string' && Object.keys(value).length === 1) return utf8(text);
  return Array.isArray(map) ? new Map(map) : value;
}

const inLines = (bytes: Uint8Array): string =>
  hexOf(bytes)
    .replaceAll(/(.{8})(?=.)/g, '$1 ')
    .replaceAll(/(.{71}) /g, '$1\n');

/** `whole` holds what `part` does, and perhaps more. */
function holds(whole: unknown, part: unknown): boolean {
  if (typeof part !== 'object' || part === null || part instanceof Uint8Array) {
    return isDeepStrictEqual(whole, part);
  }
  if (part instanceof Map) return isDeepStrictEqual(whole, part);
  if (typeof whole !== 'object' || whole === null) return false;
  if (Array.isArray(part) && part.length !== (whole as unknown[]).length) return false;
  return Object.entries(part).every(([key, value]) =>
    holds((whole as Record<string, unknown>)[key], value),
  );
}

function golden({ encode, decode }: Codec, isFirst: boolean) {
  return (directive: Directive): string => {
    const value: unknown = JSON.parse(directive.input, revive);
    const bytes = encode(value as never);
    const again = decode(new Uint8Array(bytes));
    const same = isFirst ? holds(again, value) : isDeepStrictEqual(again, value);
    if (!same && !sameEntries(again, value)) {
      throw new Error(`it reads back as ${JSON.stringify(again)}`);
    }
    return inLines(bytes);
  };
}

/** Entries inside a frame come back with their bytes, which the story does not write down. */
function sameEntries(again: unknown, value: unknown): boolean {
  const withoutBytes = (it: unknown) =>
    JSON.stringify(it, (key, field) => (key === 'encoded' ? null : field));
  return withoutBytes(again) === withoutBytes(value);
}

describeScenarios(new URL('../scenarios/protocol/', import.meta.url), () => ({
  ...Object.fromEntries(
    Object.entries(codecs).map(([name, it]) => [name, golden(it, name.startsWith('first-'))]),
  ),
  // read-doozer-request
  // hex of a frame without its length
  'read-doozer-request': ({ input }) => {
    const request = decodeDoozerRequest(fromHex(input));
    return request === null ? 'does not decode: close' : JSON.stringify(present(request));
  },
  // read-command
  // hex
  'read-command': ({ input }) => JSON.stringify(decodeEnvelope(fromHex(input))),
}));
