import type { TlsOptions } from 'node:tls';
import { ClusterError, limits } from '../base/index.ts';
import type { Clock, Logger, Timer, TlsFiles, TlsTexts } from '../ports/index.ts';
import { readTexts, signOfFiles } from './files.ts';
import { checkMaterial, type Demands, type Material } from './material.ts';
import { nodeTexts, serverOptions } from './options.ts';

export type CertificatesParts = {
  readonly files: TlsFiles & { readonly certFile: string; readonly keyFile: string };
  readonly address: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The calendar; other than the usual for tests. */
  readonly today?: () => number;
  /** `limits.tlsLookMs` unless given. */
  readonly lookMs?: number;
};

/** A certificate that ends soon. */
export type CertificateAlarm = {
  readonly file: string;
  /** ISO 8601. */
  readonly endsAt: string;
  /** Whole days left; below 0 when it has ended. */
  readonly daysLeft: number;
};

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
  #toldAtMs: number | null = null;
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
    this.#tellExpiry();
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

  /** What there is to worry about, for whoever shows a node's state; `null`: nothing. */
  alarm(): CertificateAlarm | null {
    const { endsAtMs } = this.#material;
    if (endsAtMs === null) return null;
    const leftMs = endsAtMs - this.#today();
    if (leftMs > limits.tlsExpiryDays * dayMs) return null;
    return {
      file: this.#parts.files.certFile,
      endsAt: new Date(endsAtMs).toISOString(),
      daysLeft: Math.floor(leftMs / dayMs),
    };
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
      this.#tellExpiry();
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
      const { message } = error;
      this.#parts.logger.error({ error: message }, 'new certificate not taken, the old one stays');
      return;
    }
    this.#toldAtMs = null;
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

  /** At once, and then once a day: days go by without anybody who reads a log. */
  #tellExpiry(): void {
    const alarm = this.alarm();
    const now = this.#today();
    if (alarm === null) return;
    if (this.#toldAtMs !== null && now - this.#toldAtMs < limits.tlsExpiryTellMs) return;
    this.#toldAtMs = now;
    this.#parts.logger.error(
      { ...alarm },
      'the certificate ends soon: put a new one in its place, this node takes it by itself',
    );
  }
}
