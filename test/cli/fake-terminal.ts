import { ClosedOutput, type Terminal } from '../../src/cli/terminal.ts';

/** A terminal whose screen can be read, and whose keys tests press. */
export class FakeTerminal implements Terminal {
  readonly env: Record<string, string | undefined>;
  readonly #input: Uint8Array;
  readonly #output: Uint8Array[] = [];
  readonly #complaints: string[] = [];
  readonly #interruption = new AbortController();
  /** Nobody reads standard output any more. */
  closed = false;
  inputsRead = 0;

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
    return this.#complaints.map((line) => `${line}\n`).join('');
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
    this.#complaints.push(line);
  };

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
