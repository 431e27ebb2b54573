import { copyFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('certificates/', import.meta.url));

/** One of the files that `certificates/make.sh` made; valid until 2126. */
export const pemFile = (name: string): string => join(folder, `${name}.pem`);

/** A certificate and its key, by name, and perhaps a CA to check others by. */
export const pemFiles = (name: string, ca?: string) => ({
  certFile: pemFile(name),
  keyFile: pemFile(`${name}-key`),
  ...(ca !== undefined && { caFile: pemFile(ca) }),
});

/** Puts the PEM file `name` at `path`, in one step as an operator should. */
export function place(name: string, path: string): void {
  copyFileSync(pemFile(name), `${path}.new`);
  renameSync(`${path}.new`, path);
}

/** What a node of these tests is started with: mutual TLS, unless told. */
export const nodeTls = (name = 'node', ca = 'ca', guestsCertified = false) => ({
  ...pemFiles(name),
  caFile: pemFile(ca),
  guestsCertified,
});
