// Answers as a snapshot and the digest carry them.
import { type ErrorCode, isErrorCode, leaseId, revision } from '../base/index.ts';
import type { ByteReader, ByteWriter } from './bytes.ts';
import type { File, OperationResult, Reply } from './types.ts';

/*
 * A reply: its kind (0 applied, 1 counted, 2 granted, 3 decided, 4 refused), the revision, then
 *
 *    counted   the value
 *    granted   the lease
 *    decided   0 or 1, how many results, each: 0 and the revision; 1, the revision and the value; 2 for
 *              a missing file; or 3, created, changed, lease, length of the body and the body
 *    refused   code, detail
 *
 * A value is 0 or 1 for its sign, and its size.
 */
const kinds = ['applied', 'counted', 'granted', 'decided', 'refused'] as const;

export function writeReply(writer: ByteWriter, reply: Reply): void {
  writer.byte(kinds.indexOf(reply.kind));
  writer.number(reply.revision);
  switch (reply.kind) {
    case 'applied':
      return;
    case 'counted':
      return writeValue(writer, reply.value);
    case 'granted':
      return writer.number(reply.lease);
    case 'decided':
      writer.byte(reply.succeeded ? 1 : 0);
      writer.number(reply.results.length);
      for (const result of reply.results) writeResult(writer, result);
      return;
    case 'refused':
      writer.text(reply.code);
      writer.text(reply.detail);
  }
}

function writeResult(writer: ByteWriter, result: OperationResult): void {
  if (result.kind === 'written') {
    writer.byte(0);
    writer.number(result.revision);
  } else if (result.kind === 'counted') {
    writer.byte(1);
    writer.number(result.revision);
    writeValue(writer, result.value);
  } else if (result.file === null) {
    writer.byte(2);
  } else {
    const { body, created, changed, lease } = result.file;
    writer.byte(3);
    writer.number(created);
    writer.number(changed);
    writer.number(lease);
    writer.number(body.length);
    writer.raw(body);
  }
}

function writeValue(writer: ByteWriter, value: number): void {
  writer.byte(value < 0 ? 1 : 0);
  writer.number(Math.abs(value));
}

export function readReply(reader: ByteReader): Reply {
  const kind = kinds[reader.byte()];
  const at = revision(reader.number());
  switch (kind) {
    case 'applied':
      return { kind, revision: at };
    case 'counted':
      return { kind, revision: at, value: readValue(reader) };
    case 'granted':
      return { kind, revision: at, lease: leaseId(reader.number()) };
    case 'decided': {
      const succeeded = reader.byte() === 1;
      const results: OperationResult[] = [];
      for (let left = reader.number(); left > 0; left--) results.push(readResult(reader));
      return { kind, revision: at, succeeded, results };
    }
    case 'refused': {
      const code: string = reader.text();
      if (!isErrorCode(code)) return reader.fail('an error code is not known');
      return { kind, code: code satisfies ErrorCode, detail: reader.text(), revision: at };
    }
    default:
      return reader.fail('the kind of an answer is not known');
  }
}

function readResult(reader: ByteReader): OperationResult {
  switch (reader.byte()) {
    case 0:
      return { kind: 'written', revision: revision(reader.number()) };
    case 1:
      return { kind: 'counted', revision: revision(reader.number()), value: readValue(reader) };
    case 2:
      return { kind: 'read', file: null };
    case 3: {
      const created = revision(reader.number());
      const changed = revision(reader.number());
      const lease = leaseId(reader.number());
      const body = reader.raw(reader.number());
      const file: File = { body, created, changed, lease };
      return { kind: 'read', file };
    }
    default:
      return reader.fail('the kind of a result is not known');
  }
}

function readValue(reader: ByteReader): number {
  const sign = reader.byte();
  const size = reader.number();
  return sign === 1 && size > 0 ? -size : size;
}
