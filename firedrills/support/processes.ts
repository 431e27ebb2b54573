import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const top = fileURLToPath(new URL('../../..', import.meta.url));
const doozerdFile = join(top, 'bin', 'doozerd.js');
const doozerFile = join(top, 'bin', 'doozer.js');

export type Finished = {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

/** A doozerd that a drill started. Signals go to this pid and to no other. */
export class Doozerd {
  readonly address: string;
  readonly args: readonly string[];
  readonly logFile: string;
  readonly process: ChildProcess;
  readonly ended: Promise<number | null>;

  constructor(folder: string, address: string, args: readonly string[]) {
    this.address = address;
    this.args = args;
    this.logFile = join(folder, `${address.replace(':', '-')}.log`);
    const log = openSync(this.logFile, 'a');
    this.process = spawn(process.execPath, [doozerdFile, ...args], {
      cwd: folder,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.ended = new Promise((resolve) => this.process.once('exit', resolve));
  }

  get pid(): number {
    if (this.process.pid === undefined) throw new Error(`doozerd ${this.address} did not start`);
    return this.process.pid;
  }

  get isRunning(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  signal(name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL' | 'SIGTERM'): void {
    if (this.isRunning) process.kill(this.pid, name);
  }

  async kill(): Promise<void> {
    this.signal('SIGCONT');
    this.signal('SIGKILL');
    await this.ended;
  }

  /** The end of its log, to show when something went wrong. */
  tail(lines = 15): string {
    return readFileSync(this.logFile, 'utf8').split('\n').slice(-lines).join('\n');
  }
}

/** A scratch folder with the processes a drill started in it. `tidy` ends and removes all of it. */
export class Scratch {
  readonly folder = mkdtempSync(join(tmpdir(), 'doozer-drill-'));
  readonly nodes: Doozerd[] = [];
  readonly #clients: ChildProcess[] = [];

  doozerd(address: string, ...args: string[]): Doozerd {
    const node = new Doozerd(this.folder, address, [...args]);
    this.nodes.push(node);
    return node;
  }

  /** Runs `doozer ARGS` to its end. */
  doozer(uri: string, args: readonly string[], stdin: string | Uint8Array = ''): Promise<Finished> {
    const child = this.client(uri, args);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
    child.stdin?.on('error', () => {});
    child.stdin?.end(stdin);
    return new Promise((resolve) => {
      child.once('close', (status) =>
        resolve({
          status,
          stdout: Buffer.concat(out).toString(),
          stderr: Buffer.concat(err).toString(),
        }),
      );
    });
  }

  /** Starts `doozer ARGS` and leaves it running, as for `watch`. */
  client(uri: string, args: readonly string[]): ChildProcess {
    const child = spawn(process.execPath, [doozerFile, ...args], {
      cwd: this.folder,
      env: { ...process.env, DOOZER_URI: uri },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#clients.push(child);
    return child;
  }

  async tidy(): Promise<void> {
    for (const client of this.#clients) client.kill('SIGKILL');
    await Promise.all(this.nodes.map((node) => node.kill()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Ports that were free a moment ago, on 127.0.0.1. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => {
            const address = server.address();
            resolve(typeof address === 'object' && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
