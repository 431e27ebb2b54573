// The envelope around everything small on disk:
//
//    0  magic, 8 ASCII characters
//    8  u32  version
//   12  u32  length of the body
//   16  u32  checksum of bytes 0 to 16 and the body
//   20  u32  0
//   24       body
import { assert, textOf, utf8 } from '../base/index.ts';
import type { Checksum, Disk } from '../ports/index.ts';
import { laterVersion } from './corrupt.ts';
import { joined, viewOf } from './fields.ts';

export const envelopeBytes = 24;

export type Sealed = {
  readonly body: Uint8Array;
  readonly checksum: number;
  /** With its envelope. */
  readonly bytes: number;
};

/** What a file is: its magic and the one version this release reads and writes. */
export type Form = { readonly magic: string; readonly version: number };

export function seal(form: Form, body: Uint8Array, checksum: Checksum): Uint8Array {
  assert(form.magic.length === 8, 'a magic is 8 characters');
  const bytes = joined([new Uint8Array(envelopeBytes), body]);
  const view = viewOf(bytes);
  bytes.set(utf8(form.magic), 0);
  view.setUint32(8, form.version, true);
  view.setUint32(12, body.length, true);
  view.setUint32(16, checksum(body, checksum(bytes.subarray(0, 16))), true);
  return bytes;
}

/** What stands at the start of `bytes`, or in words what is wrong with it. */
export function unseal(form: Form, bytes: Uint8Array, checksum: Checksum): Sealed | string {
  if (bytes.length < envelopeBytes) return `${bytes.length} bytes`;
  const view = viewOf(bytes);
  const magic = textOf(bytes.subarray(0, 8));
  if (magic !== form.magic) return `"${printable(magic)}" instead of "${form.magic}"`;
  const length = view.getUint32(12, true);
  if (envelopeBytes + length > bytes.length) return `a length of ${length}, beyond the end`;
  const body = bytes.subarray(envelopeBytes, envelopeBytes + length);
  const found = view.getUint32(16, true);
  const expected = checksum(body, checksum(bytes.subarray(0, 16)));
  if (found !== expected) return `checksum ${found} over bytes that give ${expected}`;
  const version = view.getUint32(8, true);
  if (version !== form.version) return laterVersion(version);
  return { body, checksum: found, bytes: envelopeBytes + length };
}

const printable = (text: string): string => text.replace(/[^ -~]/g, '.');

/** The whole file, or `null` when it is not there. */
export async function readWhole(disk: Disk, path: string): Promise<Uint8Array | null> {
  const file = await disk.open(path, 'read');
  if (file === null) return null;
  try {
    return await file.read(0, await file.size());
  } finally {
    await file.close();
  }
}

/** Writes the whole file aside, and puts it in place at once: a crash leaves the old or the new. */
export async function writeAside(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  const part = `${path}.part`;
  await disk.remove(part);
  const file = await disk.open(part, 'create');
  assert(file !== null, 'a created file is open');
  try {
    await file.write(0, [bytes]);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(part, path);
  await disk.syncFolder(folderOf(path));
}

/** The folder a path stands in; `''` at the top. */
export const folderOf = (path: string): string =>
  path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
