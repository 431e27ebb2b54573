import type { TlsOptions } from 'node:tls';
import { type Alarms, ClusterError, limits } from '../base/index.ts';
import type { Clock, Logger, Timer, TlsFiles, TlsTexts } from '../ports/index.ts';
import { readTexts, signOfFiles } from './files.ts';
import { checkMaterial, type Demands, type Material } from './material.ts';
import { nodeTexts, serverOptions } from './options.ts';

export type CertificatesParts = {
  readonly files: TlsFiles & { readonly certFile: string; readonly keyFile: string };
  readonly address: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where it tells what somebody has to do. */
  readonly alarms: Pick<Alarms, 'raise' | 'clear'>;
  /** The calendar; other than the usual for tests. */
  readonly today?: () => number;
  /** `limits.tlsLookMs` unless given. */
  readonly lookMs?: number;
};

const endsSoon = 'certificate-ends';
const notTaken = 'certificate-not-taken';
const dayMs = 86_400_000;

/**
 * A node's certificate, key and CA, and their replacement while it runs. Files are looked at in steps of time, since no
 * system tells of every way to replace one; new ones count for connections from then on, and those there are stay as
 * they are. What does not fit together stays out, and is told once.
 */
export class Certificates {
  readonly #parts: CertificatesParts;
  readonly #demands: Demands;
  readonly #listeners = new Set<() => void>();
  #material: Material;
  /** Of what was looked at last, whether it was taken or not. */
  #sign: string;
  #lastWasBad = false;
  /** Of what was not good when it was looked at: told if it stays so, since two files cannot be replaced at once. */
  #doubtful: string | null = null;
  #timer: Timer | null = null;
  #stopped = false;

  /** @throws ERR_BAD_ARGUMENT with the file, what was expected in it and what to do. */
  constructor(parts: CertificatesParts) {
    this.#parts = parts;
    this.#demands = { address: parts.address, mutual: parts.files.caFile !== undefined };
    const read = this.#read();
    this.#material = read.material;
    this.#sign = read.sign;
  }

  /** Looks at the files from now on, until `stop`. */
  start(): void {
    this.#tell('certificate');
    this.#watchEnd();
    this.#again();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#listeners.clear();
  }

  /** Peers must show a certificate. */
  get mutual(): boolean {
    return this.#demands.mutual;
  }

  /** For whoever listens, until `onChange`. */
  serverOptions(): TlsOptions {
    return serverOptions(this.#material);
  }

  /** For one connection to another node. */
  readonly dialTexts = (): TlsTexts => nodeTexts(this.#material);

  /** Calls `then` after each replacement. @returns what ends that. */
  onChange(then: () => void): () => void {
    this.#listeners.add(then);
    return () => this.#listeners.delete(then);
  }

  /** Looks at the files at once, because somebody says that they have changed. */
  reload(): void {
    if (this.#stopped) return;
    // Somebody wants to hear again what is wrong.
    if (this.#lastWasBad) this.#sign = '';
    this.#look(true);
  }

  #again(): void {
    if (this.#stopped) return;
    this.#timer = this.#parts.clock.after(this.#parts.lookMs ?? limits.tlsLookMs, () => {
      this.#look(false);
      this.#watchEnd();
      this.#again();
    });
  }

  #look(tellAtOnce: boolean): void {
    const sign = signOfFiles(this.#parts.files);
    if (sign === this.#sign) return;
    try {
      const read = this.#read();
      this.#sign = read.sign;
      this.#lastWasBad = false;
      this.#doubtful = null;
      this.#material = read.material;
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      if (!tellAtOnce && this.#doubtful !== sign) {
        this.#doubtful = sign;
        return;
      }
      this.#sign = sign;
      this.#lastWasBad = true;
      this.#parts.alarms.raise({
        name: notTaken,
        cause: `the new certificate is not taken, the old one stays: ${error.message}`,
        next: 'mend the file: this node looks at it again by itself, and at once on SIGHUP',
      });
      return;
    }
    this.#parts.alarms.clear(notTaken);
    this.#tell('certificate replaced');
    for (const then of this.#listeners) then();
  }

  #read(): { readonly material: Material; readonly sign: string } {
    const texts = readTexts(this.#parts.files);
    const material = checkMaterial(texts, this.#demands, this.#today());
    return { material, sign: texts.sign };
  }

  #today(): number {
    return (this.#parts.today ?? Date.now)();
  }

  #tell(what: string): void {
    const { leaf, endsAtMs } = this.#material;
    const endsAt = endsAtMs === null ? null : new Date(endsAtMs).toISOString();
    const { certFile, caFile = null } = this.#parts.files;
    const fields = { certFile, caFile, serial: leaf?.serialNumber ?? null, endsAt };
    this.#parts.logger.info(fields, what);
  }

  #watchEnd(): void {
    const { alarms, files } = this.#parts;
    const { endsAtMs } = this.#material;
    const leftMs = (endsAtMs ?? Number.POSITIVE_INFINITY) - this.#today();
    if (endsAtMs === null || leftMs > limits.tlsExpiryDays * dayMs) return alarms.clear(endsSoon);
    const verb = leftMs > 0 ? 'ends' : 'has ended';
    alarms.raise({
      name: endsSoon,
      cause: `the certificate in ${files.certFile} ${verb} at ${new Date(endsAtMs).toISOString()}`,
      next: 'put a new one in its place: this node takes it by itself',
    });
  }
}
