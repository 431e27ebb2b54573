import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
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
  #wasEnded = false;

  /** `via`: a command that runs it, in its own place and with its own pid, as `ip netns exec NAME` does. */
  constructor(
    folder: string,
    address: string,
    args: readonly string[],
    via: readonly string[] = [],
  ) {
    this.address = address;
    this.args = args;
    this.logFile = join(folder, `${address.replace(':', '-')}.log`);
    const log = openSync(this.logFile, 'a');
    const [command = process.execPath, ...words] = [...via, process.execPath, doozerdFile, ...args];
    this.process = spawn(command, words, {
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

  /** It is gone, and nobody here told it to go. */
  get endedByItself(): boolean {
    return !this.isRunning && !this.#wasEnded;
  }

  signal(name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL' | 'SIGTERM'): void {
    if (!this.isRunning) return;
    if (name === 'SIGKILL' || name === 'SIGTERM') this.#wasEnded = true;
    process.kill(this.pid, name);
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
  readonly #chores: ((keep: boolean) => Promise<void>)[] = [];

  doozerd(address: string, args: readonly string[], via: readonly string[] = []): Doozerd {
    const node = new Doozerd(this.folder, address, args, via);
    this.nodes.push(node);
    return node;
  }

  /** Something to undo once all processes have ended, the last first. Is told whether the folder is kept. */
  atEnd(chore: (keep: boolean) => Promise<void>): void {
    this.#chores.unshift(chore);
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

  /** `keep`: leaves the folder with logs and data, for whoever looks for the cause. */
  async tidy(keep = false): Promise<void> {
    for (const client of this.#clients) client.kill('SIGKILL');
    await Promise.all(this.nodes.map((node) => node.kill()));
    for (const chore of this.#chores.splice(0)) await chore(keep);
    const isEmpty = readdirSync(this.folder).length === 0;
    if (!keep || isEmpty) rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Below the ports that systems hand out by themselves: those a connection may take while a node is down. */
const lowestPort = 10_000;
const highestPort = 32_000;

/** Ports that were free a moment ago, on 127.0.0.1. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  for (let tries = 0; ports.size < count; tries++) {
    if (tries > 100 * count) throw new Error('found no free ports');
    const port = randomInt(lowestPort, highestPort);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
