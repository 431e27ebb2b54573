import type { Server as HttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { assert, limits } from '../base/index.ts';
import type { Clock, Logger } from '../ports/index.ts';
import { isCertified } from '../tls/index.ts';
import { addressOf, listenOn } from './address.ts';
import { refuse } from './http.ts';
import type { DoorFigures } from './metrics.ts';
import type { DoorTls } from './tls.ts';

export type PortParts = {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Takes a connection that speaks doozer, with the bytes that told. */
  readonly doozer: (socket: Socket, first: Buffer) => void;
  readonly http: HttpServer;
  readonly connectionsMax: number;
  /** `null`: plain TCP. Else nothing but TLS. */
  readonly tls: DoorTls | null;
};

/**
 * The first byte tells. A doozer frame begins with its length, 4 bytes, big-endian: "GET " read
 * as one (0x47455420) would announce 1.1 GiB, far beyond any frame, and so would every word that
 * begins with a capital letter. No frame that we take begins with one.
 */
const speaksHttp = (first: number): boolean => first >= 0x41 && first <= 0x5a;
assert(limits.frameBytesMax < 0x41_00_00_00, 'the length of a frame never begins with a letter');

/** The first byte of a TLS handshake (RFC 8446, 5.1). Neither a letter nor a frame that we take begins so. */
const tlsHandshake = 0x16;

const tlsOnly = '400 This node speaks TLS only, use https: or doozers:';

/** One TCP port for everybody: 2011's doozer clients, ours, peers, and browsers. */
export class Port {
  readonly #parts: PortParts;
  readonly #server: Server;
  /** Does the handshakes; the other server listens. */
  readonly #secure: TlsServer | null;
  readonly #forget: () => void;
  readonly #sockets = new Set<Socket>();
  /** Those of them that have not said what they speak, or speak plain HTTP: nobody's to say good-bye to. */
  readonly #passing = new Set<Socket>();
  #address = '';
  #receivedBytes = 0;
  #sentBytes = 0;

  constructor(parts: PortParts) {
    this.#parts = parts;
    const { tls } = parts;
    const secure = tls === null ? null : this.#secured(tls);
    this.#secure = secure;
    this.#forget =
      tls?.certificates.onChange(() =>
        secure?.setSecureContext(tls.certificates.serverOptions()),
      ) ?? (() => {});
    this.#server = createServer({ noDelay: true }, (socket) => {
      if (secure === null) this.#greet(socket);
      else this.#unwrap(secure, socket);
    });
    // Peers come in through the same port: guests who fill every place must not keep them out.
    this.#server.maxConnections = parts.connectionsMax + limits.connectionsReserve;
  }

  /** @throws ERR_ADDRESS_IN_USE, ERR_BAD_ARGUMENT; see `listenOn`. */
  async listen(address: string): Promise<void> {
    await listenOn(this.#server, address);
    this.#address = addressOf(this.#server);
  }

  /** Resolved and numeric, with the port that was given for port 0. Stays after `close`. */
  get address(): string {
    assert(this.#address !== '', 'a port has an address once it listens');
    return this.#address;
  }

  /** Connections that count against the bound. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Guests' connections and what went over them, those that are gone too. */
  figures(): DoorFigures {
    let [receivedBytes, sentBytes] = [this.#receivedBytes, this.#sentBytes];
    for (const socket of this.#sockets) {
      receivedBytes += socket.bytesRead;
      sentBytes += socket.bytesWritten;
    }
    return { connections: this.#sockets.size, receivedBytes, sentBytes };
  }

  /** This connection is a peer's: it takes no guest's place, and is the transport's to close. */
  release(socket: Socket): void {
    this.#sockets.delete(socket);
    this.#passing.delete(socket);
  }

  #gone(socket: Socket): void {
    if (this.#sockets.has(socket)) {
      this.#receivedBytes += socket.bytesRead;
      this.#sentBytes += socket.bytesWritten;
    }
    this.release(socket);
  }

  /** This connection is a guest's now, and a door's to close. */
  settle(socket: Socket): void {
    this.#passing.delete(socket);
  }

  /** Takes no more connections, and cuts those that no door has. */
  close(): void {
    if (this.#server.listening) this.#server.close();
    this.#forget();
    for (const socket of this.#passing) socket.destroy();
  }

  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #secured({ certificates }: DoorTls): TlsServer {
    const secure = createTlsServer(certificates.serverOptions(), (socket) => this.#greet(socket));
    secure.on('tlsClientError', (error, socket) => {
      const from = socket.remoteAddress ?? null;
      this.#parts.logger.debug({ from, reason: error.message }, 'TLS handshake failed');
      socket.destroy();
    });
    return secure;
  }

  /** Sees who comes without TLS, so that they are told, as far as they can be, and do not wait. */
  #unwrap(secure: TlsServer, raw: Socket): void {
    this.#passing.add(raw);
    const patience = this.#parts.clock.after(limits.tlsHandshakeMs, () => raw.destroy());
    raw.on('error', () => raw.destroy());
    raw.once('close', () => {
      patience.cancel();
      this.#passing.delete(raw);
    });
    raw.once('data', (first: Buffer) => {
      patience.cancel();
      if (first[0] !== tlsHandshake) {
        const from = raw.remoteAddress ?? null;
        this.#parts.logger.debug({ from }, 'a client without TLS was turned away');
        if (speaksHttp(first[0] ?? 0)) refuse(raw, tlsOnly);
        else raw.destroy();
        return;
      }
      raw.pause();
      raw.unshift(first);
      // Bounds the handshake by itself.
      secure.emit('connection', raw);
    });
  }

  #greet(socket: Socket): void {
    this.#sockets.add(socket);
    this.#passing.add(socket);
    // Nobody has to speak here for days; a machine that vanished is found by the kernel.
    socket.setKeepAlive(true, limits.keepAliveMs);
    const crowded = this.#sockets.size > this.#parts.connectionsMax;
    // Silence is a doozer client's right; only in the reserve does it have an end.
    const patience = crowded
      ? this.#parts.clock.after(limits.requestTimeoutMs, () => socket.destroy())
      : null;
    socket.on('error', (error) => {
      this.#parts.logger.debug({ error: error.message }, 'connection failed');
    });
    socket.once('close', () => {
      patience?.cancel();
      this.#gone(socket);
    });
    socket.once('data', (first: Buffer) => {
      patience?.cancel();
      this.#admit(socket, first, crowded);
    });
  }

  #admit(socket: Socket, first: Buffer, crowded: boolean): void {
    if (!speaksHttp(first[0] ?? 0)) {
      this.settle(socket);
      const uncertified = this.#parts.tls?.guestsCertified === true && !isCertified(socket);
      if (uncertified) {
        const from = socket.remoteAddress ?? null;
        this.#parts.logger.debug({ from }, 'a client without a certificate was turned away');
      } else if (this.#secure === null && first[0] === tlsHandshake) {
        const from = socket.remoteAddress ?? null;
        this.#parts.logger.debug(
          { from },
          'a client with TLS was turned away: there is no -tlscert',
        );
      }
      if (crowded || uncertified) socket.destroy();
      else this.#parts.doozer(socket, first);
      return;
    }
    // Paused, or the bytes put back would flow before the HTTP server listens for them.
    socket.pause();
    socket.unshift(first);
    this.#parts.http.emit('connection', socket);
    socket.resume();
  }
}
