import { AssertionError, ClusterError, limits } from '../base/index.ts';
import type { Daemon, DaemonOptions } from '../daemon/index.ts';
import { Complaint } from './complaint.ts';
import { folderCommands, runFolderCommand } from './doozerd-folder.ts';
import { badFlag, daemonOptions } from './doozerd-options.ts';
import { doozerdFlags, doozerdUsage } from './doozerd-program.ts';
import { isOn, parseGoFlags } from './go-flags.ts';
import { hideSecrets, nameProcess } from './process-name.ts';
import { noSignals } from './signals.ts';
import { processTerminal, type Terminal } from './terminal.ts';
import { releaseVersion } from './version.ts';

/** Runs `doozerd` with the words after its name until it is told to stop. */
export async function runDoozerd(argv: readonly string[]): Promise<void> {
  // First: a title renames the process, too.
  hideSecrets();
  nameProcess('doozerd');
  const terminal = processTerminal(noSignals);
  process.on('uncaughtException', (error) => {
    terminal.complain(lastWords(error));
    process.exit(1);
  });
  const status = await doozerd(argv, terminal, runDaemon);
  process.exitCode = status;
  // What failed may have left sockets and timers behind, and must not be heard of any more.
  if (status !== 0) process.exit();
}

/** Reads the command line and, if it is in order, calls `run`; resolves with the exit status. */
export async function doozerd(
  argv: readonly string[],
  terminal: Terminal,
  run: (options: DaemonOptions) => Promise<void>,
): Promise<number> {
  try {
    if (folderCommands.has(argv[0] ?? '')) return await runFolderCommand(argv, terminal);
    const flags = parseGoFlags(argv, doozerdFlags);
    if (flags.kind === 'bad') throw badFlag(flags.reason);
    if (isOn(flags, 'h')) {
      terminal.complain(doozerdUsage().trimEnd());
      return 0;
    }
    if (isOn(flags, 'v')) {
      await terminal.write(`doozerd ${releaseVersion()}\n`);
      return 0;
    }
    if (flags.rest.length > 0) throw badFlag(`unexpected argument "${flags.rest[0]}"`);
    await run(daemonOptions(flags, terminal.env, releaseVersion()));
    return 0;
  } catch (error) {
    if (error instanceof Complaint) {
      terminal.complain(error.message);
      return error.status;
    }
    terminal.complain(lastWords(error));
    return 1;
  }
}

/** Starts the node and waits for its end: a signal, or a failure. */
async function runDaemon(options: DaemonOptions): Promise<void> {
  // Loaded here, so that help and mistakes are answered at once.
  const { startDaemon } = await import('../daemon/index.ts');
  const signals = new Signals();
  const logForm = process.stderr.isTTY ? 'pretty' : 'json';
  const daemon = await startDaemon({ ...options, logForm });
  signals.stopWith(daemon);
  // Without certificates it ends the process, as ever.
  if (options.tls !== null) process.on('SIGHUP', () => daemon.reload());
  await daemon.done;
}

/** SIGTERM or SIGINT stops in order; the second one, and one before there is anything to stop, at once. */
class Signals {
  #daemon: Daemon | null = null;
  #stopping = false;

  constructor() {
    for (const [name, number] of [
      ['SIGTERM', 15],
      ['SIGINT', 2],
    ] as const) {
      process.on(name, () => this.#received(128 + number));
    }
  }

  stopWith(daemon: Daemon): void {
    this.#daemon = daemon;
    const usual = daemon.logLevel() === 'debug' ? 'info' : daemon.logLevel();
    process.on('SIGUSR2', () => {
      daemon.setLogLevel(daemon.logLevel() === 'debug' ? usual : 'debug');
    });
  }

  #received(statusAtOnce: number): void {
    if (this.#daemon === null || this.#stopping) process.exit(statusAtOnce);
    this.#stopping = true;
    const impatience = setTimeout(() => {
      const words = `not stopped within ${limits.stopMs / 1000} s: ended at once, which is safe`;
      process.stderr.write(`doozerd: ${words}\n`);
      process.exit(1);
    }, limits.stopMs);
    impatience.unref();
    this.#daemon.stop().catch((error: unknown) => {
      process.stderr.write(`${lastWords(error)}\n`);
      process.exit(1);
    });
  }
}

/**
 * What is said of an error that ends the process: one line for what was foreseen. Anything else is a
 * mistake of ours, and where it happened is all there is to go by.
 */
function lastWords(error: unknown): string {
  if (error instanceof ClusterError) return oneLine(`doozerd: ${error.message}`);
  if (error instanceof AssertionError) return oneLine(`doozerd: must hold: ${error.message}`);
  // The system said no: a port, a folder, a permission.
  if (error instanceof Error && 'syscall' in error) return oneLine(`doozerd: ${error.message}`);
  if (error instanceof Error) return `doozerd: ${error.stack ?? error.message}`;
  return oneLine(`doozerd: ${String(error)}`);
}

const oneLine = (text: string): string => text.replaceAll(/\s*\n\s*/g, ' ');
