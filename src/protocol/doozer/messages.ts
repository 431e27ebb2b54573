import { assert } from '../../base/index.ts';
import { bytesOf } from '../writer.ts';
import { ProtoReader } from './proto-reader.ts';
import { bytesFieldLength, numberFieldLength, ProtoWriter } from './proto-writer.ts';
import type { DoozerRequest, DoozerResponse } from './types.ts';

/**
 * The request in one frame (without its length), or `null` when it does not decode: then the
 * connection is closed without a word. A field that is given twice counts as given last; unknown
 * ones are passed over; a known one of another wire type does not decode, as in doozerd.
 */
export function decodeDoozerRequest(frame: Uint8Array): DoozerRequest | null {
  const reader = new ProtoReader(frame, 0);
  let tag: number | null = null;
  let verb: number | null = null;
  let path: string | null = null;
  let value: Uint8Array | null = null;
  let offset: number | null = null;
  let rev: number | null = null;
  for (let field = reader.field(); field !== 0; field = reader.field()) {
    switch (field) {
      case 1:
        tag = reader.int32();
        break;
      case 2:
        verb = reader.int32();
        break;
      case 4:
        path = reader.string();
        break;
      case 5:
        value = reader.bytes();
        break;
      case 6:
        reader.int32();
        break;
      case 7:
        offset = reader.int32();
        break;
      case 9:
        rev = reader.int64();
        break;
      default:
        reader.skip(field);
    }
  }
  return reader.broken ? null : { tag, verb, path, value, offset, rev };
}

/** The whole frame, its length in front, ready for one write. */
export function encodeDoozerRequest(request: DoozerRequest): Uint8Array {
  const path = request.path === null ? null : bytesOf(request.path);
  const size =
    numberFieldLength(1, request.tag) +
    numberFieldLength(2, request.verb) +
    bytesFieldLength(4, path) +
    bytesFieldLength(5, request.value) +
    numberFieldLength(7, request.offset) +
    numberFieldLength(9, request.rev);
  const writer = new ProtoWriter(size);
  writer.number(1, request.tag);
  writer.number(2, request.verb);
  writer.bytes(4, path);
  writer.bytes(5, request.value);
  writer.number(7, request.offset);
  writer.number(9, request.rev);
  return writer.finish();
}

/**
 * The whole frame, its length in front, ready for one write. Fields stand in ascending number, as
 * doozerd writes them.
 */
export function encodeDoozerResponse(response: DoozerResponse): Uint8Array {
  const { rev } = response;
  assert(rev === null || Number.isSafeInteger(rev), `a rev is a safe whole number, not ${rev}`);
  const path = response.path === null ? null : bytesOf(response.path);
  const detail = response.errDetail === null ? null : bytesOf(response.errDetail);
  const size =
    numberFieldLength(1, response.tag) +
    numberFieldLength(2, response.flags) +
    numberFieldLength(3, rev) +
    bytesFieldLength(5, path) +
    bytesFieldLength(6, response.value) +
    numberFieldLength(8, response.len) +
    numberFieldLength(100, response.errCode) +
    bytesFieldLength(101, detail);
  const writer = new ProtoWriter(size);
  writer.number(1, response.tag);
  writer.number(2, response.flags);
  writer.number(3, rev);
  writer.bytes(5, path);
  writer.bytes(6, response.value);
  writer.number(8, response.len);
  writer.number(100, response.errCode);
  writer.bytes(101, detail);
  return writer.finish();
}

/** The response in one frame (without its length), or `null` when it does not decode. */
export function decodeDoozerResponse(frame: Uint8Array): DoozerResponse | null {
  const reader = new ProtoReader(frame, 0);
  let tag: number | null = null;
  let flags: number | null = null;
  let rev: number | null = null;
  let path: string | null = null;
  let value: Uint8Array | null = null;
  let len: number | null = null;
  let errCode: number | null = null;
  let errDetail: string | null = null;
  for (let field = reader.field(); field !== 0; field = reader.field()) {
    switch (field) {
      case 1:
        tag = reader.int32();
        break;
      case 2:
        flags = reader.int32();
        break;
      case 3:
        rev = reader.int64();
        break;
      case 5:
        path = reader.string();
        break;
      case 6:
        value = reader.bytes();
        break;
      case 8:
        len = reader.int32();
        break;
      case 100:
        errCode = reader.int32();
        break;
      case 101:
        errDetail = reader.string();
        break;
      default:
        reader.skip(field);
    }
  }
  return reader.broken ? null : { tag, flags, rev, path, value, len, errCode, errDetail };
}
