import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { ClusterError, limits } from '../base/index.ts';
import type { TlsFiles } from '../ports/index.ts';

/** A file with its text, both for messages about it. */
export type TextFile = { readonly path: string; readonly text: string };

/** What is in the files, as of one moment. */
export type ReadFiles = {
  readonly ca: TextFile | null;
  readonly cert: TextFile | null;
  readonly key: TextFile | null;
};

export const cannotUse = (path: string, why: string, cause?: unknown): ClusterError =>
  new ClusterError(
    'ERR_BAD_ARGUMENT',
    `Cannot use "${path}" for TLS: ${why}`,
    cause === undefined ? {} : { cause },
  );

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EISDIR: 'it is a directory',
};

/** Which state of a file was read: another one after each change, however the file was changed. */
const signOf = (fd: number): string => {
  const { ino, mtimeNs, size } = fstatSync(fd, { bigint: true });
  return `${ino} ${mtimeNs} ${size}`;
};

/** The text of a small file, and a sign that changes with it. @throws ERR_BAD_ARGUMENT with the path and why. */
function readSigned(path: string): { readonly file: TextFile; readonly sign: string } {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    const sign = signOf(fd);
    if (Number(sign.split(' ')[2]) > limits.tlsFileBytesMax) {
      throw cannotUse(path, `it has more than ${limits.tlsFileBytesMax} bytes`);
    }
    return { file: { path, text: readFileSync(fd, 'latin1') }, sign };
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    closeSync(fd);
  }
}

function unreadable(path: string, error: unknown): ClusterError {
  if (error instanceof ClusterError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  return cannotUse(path, reasons[code] ?? message, error);
}

/** Reads the files that are named; small, and rarely, so that it may block. @throws ERR_BAD_ARGUMENT */
export function readTexts(files: TlsFiles): ReadFiles & { readonly sign: string } {
  const read = (path: string | undefined) => (path === undefined ? null : readSigned(path));
  const [ca, cert, key] = [read(files.caFile), read(files.certFile), read(files.keyFile)];
  const sign = [ca, cert, key].map((each) => each?.sign ?? '').join('|');
  return { ca: ca?.file ?? null, cert: cert?.file ?? null, key: key?.file ?? null, sign };
}

/** The sign of what `readTexts` would read now, without reading it; errors are a sign as well. */
export function signOfFiles(files: TlsFiles): string {
  return [files.caFile, files.certFile, files.keyFile]
    .map((path) => {
      if (path === undefined) return '';
      try {
        const fd = openSync(path, 'r');
        try {
          return signOf(fd);
        } finally {
          closeSync(fd);
        }
      } catch (error) {
        return String((error as NodeJS.ErrnoException).code);
      }
    })
    .join('|');
}
