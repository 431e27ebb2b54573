// Frames for people, as they stand behind the bytes of the conformance suite.
import {
  type DoozerRequest,
  type DoozerResponse,
  decodeDoozerRequest,
  decodeDoozerResponse,
  doozerErrors,
  doozerVerbs,
} from '../../../src/protocol/doozer/index.ts';

/** Longer paths and values are told by their length. */
const shownBytesMax = 80;

/** Every whole frame in `bytes`, as requests: `GET tag=1 path="/a" | SELF`. */
export const requestsIn = (bytes: Uint8Array): string =>
  framesIn(bytes)
    .map((frame) => sayRequest(decodeDoozerRequest(frame)))
    .join(' | ');

/** One frame with its length in front, as a reply: `tag=1 rev=3 value="x"`. */
export const replyIn = (frame: Uint8Array): string =>
  sayReply(decodeDoozerResponse(frame.subarray(4)));

function framesIn(bytes: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + 4 <= bytes.length; ) {
    const end = at + 4 + view.getInt32(at);
    frames.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return frames;
}

function sayRequest(request: DoozerRequest | null): string {
  if (request === null) return 'does not decode';
  const { tag, verb, path, value, offset, rev } = request;
  const name = Object.entries(doozerVerbs).find(([, number]) => number === verb)?.[0];
  return said([
    verb === null ? 'no verb' : (name ?? `VERB(${verb})`),
    tag !== null && `tag=${tag}`,
    path !== null && `path=${text(Buffer.from(path).toString('latin1'))}`,
    value !== null && `value=${text(Buffer.from(value).toString('latin1'))}`,
    offset !== null && `offset=${offset}`,
    rev !== null && `rev=${rev}`,
  ]);
}

function sayReply(reply: DoozerResponse | null): string {
  if (reply === null) return 'does not decode';
  const { tag, flags, rev, path, value, len, errCode, errDetail } = reply;
  const name = Object.entries(doozerErrors).find(([, number]) => number === errCode)?.[0];
  return said([
    tag !== null && `tag=${tag}`,
    flags !== null && `flags=${flags}`,
    rev !== null && `rev=${rev}`,
    path !== null && `path=${text(Buffer.from(path).toString('latin1'))}`,
    value !== null && `value=${text(Buffer.from(value).toString('latin1'))}`,
    len !== null && `len=${len}`,
    errCode !== null && `error=${name}`,
    errDetail !== null && `detail=${JSON.stringify(errDetail)}`,
  ]);
}

const said = (parts: readonly (string | false)[]): string =>
  parts.filter((part) => part !== false).join(' ') || '(nothing)';

const text = (bytes: string): string =>
  bytes.length > shownBytesMax ? `(${bytes.length} bytes)` : quoted(bytes);

/** As JSON has it, in ASCII alone. */
const quoted = (bytes: string): string =>
  JSON.stringify(bytes).replaceAll(
    /[^ -~]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
