import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CannotRun } from '../support/cannot-run.ts';
import { run } from '../support/root.ts';

const ecKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** @throws CannotRun when there is no openssl. */
export function needOpenssl(): void {
  if (spawnSync('openssl', ['version']).status !== 0) throw new CannotRun('needs openssl');
}

/** A CA of a drill, made by the commands that docs/operating.md tells. */
export class Authority {
  readonly file: string;
  readonly #key: string;
  #issued = 0;

  constructor(folder: string, name: string) {
    this.file = join(folder, `${name}.pem`);
    this.#key = join(folder, `${name}-key.pem`);
    const subject = ['-subj', `/CN=${name}`, '-days', '3650'];
    run('openssl', 'req', '-x509', ...ecKey, ...subject, '-keyout', this.#key, '-out', this.file);
  }

  /** A new certificate for a node at 127.0.0.1, put where the node looks for it: key first, each in one step. */
  issue(certFile: string, keyFile: string): void {
    const base = `${this.file}.${this.#issued++}`;
    const [request, cert, key, extensions] = ['csr', 'pem', 'key', 'ext'].map(
      (ending) => `${base}.${ending}`,
    ) as [string, string, string, string];
    writeFileSync(
      extensions,
      'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n',
    );
    run('openssl', 'req', ...ecKey, '-subj', '/CN=node', '-keyout', key, '-out', request);
    const by = ['-CA', this.file, '-CAkey', this.#key, '-days', '365', '-extfile', extensions];
    run('openssl', 'x509', '-req', '-in', request, ...by, '-out', cert);
    renameSync(key, keyFile);
    renameSync(cert, certFile);
  }

  /** Puts these CAs together at `path`, in one step. */
  static bundle(path: string, authorities: readonly Authority[]): void {
    const text = authorities.map(({ file }) => readFileSync(file, 'latin1')).join('');
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  }

  copyTo(path: string): void {
    copyFileSync(this.file, path);
  }
}
