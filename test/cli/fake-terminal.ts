import type { Child } from '../../src/cli/child.ts';
import type { EndingSignal } from '../../src/cli/signals.ts';
import { ClosedOutput, type Terminal } from '../../src/cli/terminal.ts';

/** A program that ends when the test says so. */
export class FakeChild implements Child {
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly signals: string[] = [];
  /** Called with each signal. */
  onSignal: (name: string) => void = () => undefined;
  end: (status: number) => void = () => undefined;
  readonly ended = new Promise<number>((resolve) => {
    this.end = resolve;
  });

  constructor(words: readonly string[], env: Readonly<Record<string, string>>) {
    this.words = words;
    this.env = env;
  }

  readonly signal = (name: NodeJS.Signals): void => {
    this.signals.push(name);
    this.onSignal(name);
  };
}

/** A terminal whose screen can be read, and whose keys tests press. */
export class FakeTerminal implements Terminal {
  readonly env: Record<string, string | undefined>;
  readonly #input: Uint8Array;
  readonly #output: Uint8Array[] = [];
  /** Each line of standard error, or explanation that was told as one. */
  readonly complaints: string[] = [];
  readonly #interruption = new AbortController();
  /** Nobody reads standard output any more. */
  closed = false;
  inputsRead = 0;
  /** Programs that were started. */
  readonly children: FakeChild[] = [];
  #taker: ((signal: EndingSignal) => void) | null = null;
  /** What starting a program fails with. */
  startFailure: Error | null = null;

  constructor(input: string | Uint8Array = '', env: Record<string, string | undefined> = {}) {
    this.#input = typeof input === 'string' ? Buffer.from(input) : input;
    this.env = env;
  }

  /** Standard output, byte for byte. */
  get output(): string {
    return Buffer.concat(this.#output).toString('latin1');
  }

  /** Standard error. */
  get errors(): string {
    return this.complaints.map((line) => `${line}\n`).join('');
  }

  get interrupted(): AbortSignal {
    return this.#interruption.signal;
  }

  readonly readInput = async (): Promise<Uint8Array> => {
    this.inputsRead += 1;
    return this.#input;
  };

  readonly write = async (output: string | Uint8Array): Promise<void> => {
    if (this.closed) throw new ClosedOutput();
    this.#output.push(typeof output === 'string' ? Buffer.from(output) : Uint8Array.from(output));
  };

  readonly complain = (line: string): void => {
    this.complaints.push(line);
  };

  readonly takeSignals = (taker: (signal: EndingSignal) => void) => {
    this.#taker = taker;
    return () => {
      this.#taker = null;
    };
  };

  readonly start = async (words: readonly string[], env: Readonly<Record<string, string>>) => {
    if (this.startFailure !== null) throw this.startFailure;
    const child = new FakeChild(words, env);
    this.children.push(child);
    return child;
  };

  /** A signal to the process. */
  receive(signal: EndingSignal): void {
    if (this.#taker !== null) this.#taker(signal);
    else if (signal === 'SIGINT') this.pressCtrlC();
  }

  pressCtrlC(): void {
    this.#interruption.abort();
  }
}

/** Waits until `done`, which something else brings about. */
export async function until(done: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!done()) {
    if (Date.now() > deadline) throw new Error(`Waited ten seconds for: ${what}`);
    await new Promise((turn) => setTimeout(turn, 5));
  }
}
