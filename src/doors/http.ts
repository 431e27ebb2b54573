import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { limits } from '../base/index.ts';
import type { Metrics } from './metrics.ts';
import { plain } from './plain.ts';
import type { DoorTls } from './tls.ts';

/** Takes over a connection that asked to leave HTTP. */
export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export type HttpParts = {
  /** The path of an upgrade request, and who takes it. Any other is refused with 404. */
  readonly upgrades: ReadonlyMap<string, Upgrade>;
  /** Why this node should not be asked; `null`: it may be. */
  readonly unready: () => string | null;
  readonly metrics: Metrics | null;
  /** Calls `then` for whoever may see numbers, and answers everybody else. */
  readonly admit: (request: IncomingMessage, response: ServerResponse, then: () => void) => void;
  /** Answers every other request; `null`: 404. */
  readonly page: ((request: IncomingMessage, response: ServerResponse) => void) | null;
  /** For a server that listens itself: it speaks TLS and nothing else. */
  readonly tls?: DoorTls | null;
};

const headerBytesMax = 16 * 1024;

/** The HTTP side of a port: the two health questions, upgrades, and pages if there are any. */
export function createHttp(parts: HttpParts): Server {
  const server = serverOf(parts.tls ?? null);
  // A plain socket time-out, which a WebSocket leaves behind. Node's own header and request time-outs work only on a server that
  // listens, and behind the shared port this one does not.
  server.timeout = limits.httpQuietMs;
  server.keepAliveTimeout = limits.httpQuietMs;
  server.on('request', (request, response) => answer(parts, request, response));
  server.on('upgrade', (request, socket, head) => {
    const take = parts.upgrades.get(pathOf(request));
    if (take === undefined) refuse(socket, '404 Not Found');
    // Browsers alone say where they come from, and let any page open a WebSocket to any host: a page
    // from anywhere could else write to a cluster on its reader's own machine.
    else if (request.headers.origin !== undefined) refuse(socket, '403 Forbidden');
    else take(request, socket, head);
  });
  server.on('clientError', (_error, socket) => refuse(socket, '400 Bad Request'));
  return server;
}

function serverOf(tls: DoorTls | null): Server {
  const options = { maxHeaderSize: headerBytesMax, noDelay: true };
  if (tls === null) return createServer(options);
  const { certificates } = tls;
  const server = createTlsServer({ ...options, ...certificates.serverOptions() });
  const forget = certificates.onChange(() => server.setSecureContext(certificates.serverOptions()));
  server.once('close', forget);
  return server;
}

/** The path a request asks for, without its query. */
export const pathOf = (request: IncomingMessage): string =>
  (request.url ?? '/').split('?', 1)[0] ?? '/';

function answer(parts: HttpParts, request: IncomingMessage, response: ServerResponse): void {
  // Nothing here takes a body; what comes of one is read and thrown away.
  request.resume();
  const path = pathOf(request);
  if (path === '/livez') {
    plain(response, 200, 'live\n');
  } else if (path === '/readyz') {
    const reason = parts.unready();
    plain(response, reason === null ? 200 : 503, `${reason ?? 'ready'}\n`);
  } else if (path === '/metrics' && parts.metrics !== null) {
    const { metrics } = parts;
    parts.admit(request, response, () => void tell(metrics, response));
  } else if (parts.page !== null) {
    parts.page(request, response);
  } else {
    plain(response, 404, '');
  }
}

async function tell(metrics: Metrics, response: ServerResponse): Promise<void> {
  plain(response, 200, await metrics.text(), metrics.contentType);
}

/** Ends a connection that is HTTP no more, or never was, with a status line. */
export function refuse(socket: Duplex, status: string): void {
  socket.on('error', () => socket.destroy());
  if (socket.writable) {
    socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  } else {
    socket.destroy();
  }
}
