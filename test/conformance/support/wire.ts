// A connection that knows frames and nothing of what they hold.
import { connect, type Socket } from 'node:net';

/** What does not come in this time never comes; it is asked for because nothing else says so. */
const patienceMs = 10_000;

export class Wire {
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #closed = false;
  #changed: () => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#changed();
    });
    socket.on('close', () => {
      this.#closed = true;
      this.#changed();
    });
    socket.on('error', () => {});
  }

  static async open(address: string): Promise<Wire> {
    const [host = '', port = ''] = address.split(':');
    const socket = connect({ host, port: Number(port), noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new Wire(socket);
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** The next whole frame, its length in front. @throws when the connection ends first. */
  async frame(): Promise<Uint8Array> {
    await this.#until('a frame', () => this.#frameLength() !== null || this.#closed);
    const length = this.#frameLength();
    if (length === null) throw new Error('the connection was closed');
    const frame = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return frame;
  }

  /** Bytes that came before the node closed the connection. */
  async end(): Promise<Uint8Array> {
    await this.#until('the end of the connection', () => this.#closed);
    return this.#bytes;
  }

  close(): void {
    this.#socket.destroy();
  }

  #frameLength(): number | null {
    if (this.#bytes.length < 4) return null;
    const length = 4 + this.#bytes.readInt32BE(0);
    return this.#bytes.length < length ? null : length;
  }

  async #until(what: string, reached: () => boolean): Promise<void> {
    let over = false;
    const timer = setTimeout(() => {
      over = true;
      this.#changed();
    }, patienceMs);
    while (!reached() && !over) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
    clearTimeout(timer);
    if (!reached()) throw new Error(`${what} never came`);
  }
}
