import { assert, ClusterError, limits } from '../base/index.ts';
import type { Clock, Dial, Socket, Timer } from '../ports/index.ts';
import type {
  ClientHello,
  NativeReply,
  NativeRequest,
  ServerHello,
} from '../protocol/client/index.ts';
import {
  decodeReplies,
  decodeServerHello,
  encodeClientHello,
  encodeRequests,
} from '../protocol/client/index.ts';
import type { Carrier, Exchange } from './exchange.ts';
import { beatMs, Liveness } from './liveness.ts';

export type Welcome = Extract<ServerHello, { kind: 'welcome' }>;

/** Requests of one message, at most; what is more goes into the next one. */
const requestsTogether = 512;
/** Tag of pings. Nobody waits for a pong: hearing anything is what counts. */
const pingTag = 0;

/**
 * A node that stops answers what it took and then says so under the tag that no request has: what is
 * unanswered by then it never took.
 */
const isFarewell = (reply: NativeReply): reply is Extract<NativeReply, { kind: 'error' }> =>
  reply.tag === pingTag && reply.kind === 'error' && reply.code === 'ERR_STOPPED';

type LinkHandlers = {
  /** More requests are taken again. */
  readonly room: () => void;
  /** An exchange found the node wanting. */
  readonly avoid: () => void;
  /** The link ended; its exchanges are told after that. */
  readonly over: (why: ClusterError) => void;
};

/** A connection to one node, past its greeting, with the requests that are open on it. */
export class Link implements Carrier {
  readonly address: string;
  readonly welcome: Welcome;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #open = new Map<number, Exchange>();
  readonly #liveness = new Liveness();
  /** Gathered in this turn, to leave together. */
  #outbox: NativeRequest[] = [];
  #outboxBytes = 0;
  #flushing = false;
  #lastTag = pingTag;
  #promptOpen = 0;
  #bytesOpen = 0;
  #beat: Timer | null = null;
  #over: ClusterError | null = null;
  #retired: ClusterError | null = null;
  #onRoom: () => void = () => undefined;
  #onAvoid: () => void = () => undefined;
  #onOver: (why: ClusterError) => void = () => undefined;

  constructor(address: string, welcome: Welcome, socket: Socket, clock: Clock) {
    this.address = address;
    this.welcome = welcome;
    this.#socket = socket;
    this.#clock = clock;
  }

  start(handlers: LinkHandlers): void {
    this.#onRoom = handlers.room;
    this.#onAvoid = handlers.avoid;
    this.#onOver = handlers.over;
    if (this.#over === null) this.#nextBeat();
    else handlers.over(this.#over);
  }

  get version(): number {
    return this.welcome.version;
  }

  /** Whether another prompt request may be sent now: what is open is bounded in number and bytes. */
  get hasRoom(): boolean {
    return (
      this.#promptOpen < limits.requestsPerConnectionMax && this.#bytesOpen < limits.unsentBytesMax
    );
  }

  /** Sends it with what else there is this turn. */
  send(exchange: Exchange): void {
    assert(this.#over === null, 'requests are sent over a link that is up');
    assert(this.#retired === null, 'requests are sent over a link that takes them');
    const tag = this.#freeTag();
    const request = exchange.request(tag, this);
    if (request === null) return;
    this.#open.set(tag, exchange);
    if (exchange.prompt) this.#promptOpen += 1;
    this.#bytesOpen += exchange.size;
    this.#post(request, exchange.size);
  }

  tell(request: NativeRequest): void {
    if (this.#over === null) this.#post(request, 0);
  }

  forget(tag: number): void {
    const exchange = this.#close(tag);
    if (exchange !== null && !exchange.prompt) this.tell({ kind: 'cancel', tag });
  }

  avoid(): void {
    if (this.#over === null && this.#retired === null) this.#onAvoid();
  }

  /**
   * Takes no more requests. Waits and watches are told at once that they are lost; a request that was
   * sent may still be answered, and what it did is known only then, so it keeps the link up.
   */
  retire(why: ClusterError): void {
    if (this.#over !== null || this.#retired !== null) return;
    if (this.#promptOpen === 0) return this.end(why);
    this.#retired = why;
    const patient = [...this.#open].filter(([, exchange]) => !exchange.prompt);
    for (const [tag] of patient) this.#close(tag);
    for (const [, exchange] of patient) exchange.lost(why, 'no');
  }

  /** Loses what is open and stays up, for a last word. */
  clear(why: ClusterError): void {
    const lost = [...this.#open];
    for (const [tag] of lost) this.#close(tag);
    for (const [, exchange] of lost) exchange.lost(why, 'maybe');
  }

  /** Ends the link; every exchange that is open on it is told that it is lost. May be called twice. */
  end(why: ClusterError, taken: 'maybe' | 'no' = 'maybe'): void {
    if (this.#over !== null) return;
    this.#over = why;
    this.#beat?.cancel();
    this.#socket.close();
    const lost = [...this.#open.values()];
    this.#open.clear();
    this.#outbox = [];
    // First who keeps the link: an exchange that is lost looks for the next one at once.
    this.#onOver(why);
    for (const exchange of lost) exchange.lost(why, taken);
  }

  /** A message came. Called by the greeting, which holds the socket's handlers. */
  received(bytes: Uint8Array): void {
    if (this.#over !== null) return;
    this.#liveness.heard();
    const hadRoom = this.hasRoom;
    try {
      for (const reply of decodeReplies(bytes)) {
        this.#handle(reply);
        // It may have been the farewell.
        if (this.#over !== null) return;
      }
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      this.end(new ClusterError('ERR_UNREACHABLE', `Lost ${this.address}: ${error.message}`));
      return;
    }
    if (!hadRoom && this.hasRoom && this.#over === null) this.#onRoom();
  }

  #handle(reply: NativeReply): void {
    if (isFarewell(reply)) {
      return this.end(
        new ClusterError('ERR_UNREACHABLE', `Lost ${this.address}: ${reply.detail}`),
        'no',
      );
    }
    const exchange = this.#open.get(reply.tag);
    // Nobody waits for it: a pong, or the answer to a request that was given up.
    if (exchange === undefined) return;
    if (exchange.reply(reply) === 'done') this.#close(reply.tag);
  }

  #close(tag: number): Exchange | null {
    const exchange = this.#open.get(tag);
    if (exchange === undefined) return null;
    this.#open.delete(tag);
    if (exchange.prompt) this.#promptOpen -= 1;
    this.#bytesOpen -= exchange.size;
    assert(this.#promptOpen >= 0, 'a request is closed once');
    if (this.#retired !== null && this.#promptOpen === 0) this.end(this.#retired);
    return exchange;
  }

  /** Tags count up, and begin anew long before they cannot be told apart. */
  #freeTag(): number {
    do this.#lastTag = this.#lastTag >= 0x7fff_ffff ? pingTag + 1 : this.#lastTag + 1;
    while (this.#open.has(this.#lastTag));
    return this.#lastTag;
  }

  #post(request: NativeRequest, size: number): void {
    this.#outbox.push(request);
    this.#outboxBytes += size;
    if (this.#outbox.length >= requestsTogether || this.#outboxBytes >= limits.batchBytesMax) {
      this.#flush();
    } else if (!this.#flushing) {
      this.#flushing = true;
      this.#clock.soon(() => {
        this.#flushing = false;
        this.#flush();
      });
    }
  }

  #flush(): void {
    const requests = this.#outbox;
    if (requests.length === 0 || this.#over !== null) return;
    this.#outbox = [];
    this.#outboxBytes = 0;
    this.#socket.send(encodeRequests(requests));
  }

  #nextBeat(): void {
    this.#beat = this.#clock.after(beatMs, () => {
      const verdict = this.#liveness.beat(this.#promptOpen > 0);
      if (verdict === 'dead') {
        this.end(new ClusterError('ERR_UNREACHABLE', `Lost ${this.address}: it answers no more`));
        return;
      }
      if (verdict === 'ping') this.#post({ kind: 'ping', tag: pingTag }, 0);
      this.#nextBeat();
    });
  }
}

type Greeting = {
  readonly dial: Dial;
  readonly clock: Clock;
  readonly hello: ClientHello;
  /** For connecting and greeting together. */
  readonly timeoutMs: number;
};

/**
 * Connects to `address` and exchanges hellos.
 *
 * @throws ERR_UNREACHABLE in time, or what the node refused with (ERR_ACCESS_DENIED, ERR_WRONG_CLUSTER).
 */
export async function openLink(address: string, greeting: Greeting): Promise<Link> {
  const { clock, dial, hello, timeoutMs } = greeting;
  const startedAt = clock.now();
  const socket = await dial.connect(address, timeoutMs);
  const leftMs = Math.max(1, timeoutMs - (clock.now() - startedAt));
  return new Promise((opened, failed) => {
    let link: Link | null = null;
    const fail = (why: ClusterError): void => {
      timer.cancel();
      socket.close();
      failed(why);
    };
    const timer = clock.after(leftMs, () => {
      if (link === null) fail(unreachable(address, 'no answer'));
    });
    socket.onClose((reason) => {
      if (link === null) fail(unreachable(address, reason));
      else link.end(new ClusterError('ERR_UNREACHABLE', `Lost ${address}: ${reason}`));
    });
    socket.onMessage((bytes) => {
      if (link !== null) return link.received(bytes);
      const answer = readHello(address, bytes);
      if (answer instanceof ClusterError) return fail(answer);
      timer.cancel();
      link = new Link(address, answer, socket, clock);
      opened(link);
    });
    socket.send(encodeClientHello(hello));
  });
}

const unreachable = (address: string, reason: string): ClusterError =>
  new ClusterError('ERR_UNREACHABLE', `Cannot reach ${address}: ${reason}`);

function readHello(address: string, bytes: Uint8Array): Welcome | ClusterError {
  try {
    const hello = decodeServerHello(bytes);
    if (hello.kind === 'welcome') return hello;
    return new ClusterError(hello.code, `${address} refused this client: ${hello.detail}`);
  } catch (error) {
    if (error instanceof ClusterError) return unreachable(address, error.message);
    throw error;
  }
}
