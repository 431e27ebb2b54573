import WebSocket from 'ws';
import { ClusterError, limits } from '../base/index.ts';
import type { Dial, Socket, TlsTexts } from '../ports/index.ts';
import { connectionOptions, handshakeReason } from '../tls/index.ts';

/** Where nodes take clients that speak our own protocol. */
const clientPath = '/client';
/** How long a closed connection may take to say goodbye. A stopped node never does. */
const farewellMs = 250;

/** Real sockets; with TLS when `tls` says how, asked for each connection. */
export const webSocketDial = (tls: (() => TlsTexts) | null): Dial => ({
  connect: (address, timeoutMs) =>
    new Promise((opened, failed) => {
      const socket = new WebSocket(`${tls === null ? 'ws' : 'wss'}://${address}${clientPath}`, {
        ...(tls !== null && connectionOptions(tls())),
        // Both ends must say no, or every message passes through zlib.
        perMessageDeflate: false,
        maxPayload: limits.frameBytesMax,
        handshakeTimeout: Math.max(1, Math.ceil(timeoutMs)),
        followRedirects: false,
      });
      socket.binaryType = 'nodebuffer';
      const refused = (error: Error): void => failed(unreachable(address, error));
      socket.once('error', refused);
      // A node says in its status line what it wants instead: TLS, or a certificate.
      socket.once('unexpected-response', (_request, { statusCode, statusMessage }) => {
        refused(new Error(statusMessage || `it answers with HTTP status ${statusCode}`));
        socket.terminate();
      });
      socket.once('open', () => {
        socket.off('error', refused);
        opened(socketOver(socket));
      });
    }),
});

function unreachable(address: string, error: NodeJS.ErrnoException): ClusterError {
  const reasons: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'connection refused',
    ECONNRESET: 'connection reset',
    EHOSTUNREACH: 'no route to host',
    ENETUNREACH: 'network is unreachable',
    ENOTFOUND: 'no such host',
    ETIMEDOUT: 'no answer',
  };
  const noAnswer = error.message.includes('timed out') ? 'no answer' : null;
  const reason = handshakeReason(error) ?? noAnswer ?? reasons[error.code ?? ''] ?? error.message;
  return new ClusterError('ERR_UNREACHABLE', `Cannot reach ${address}: ${reason || 'failed'}`, {
    cause: error,
  });
}

function socketOver(socket: WebSocket): Socket {
  let reason: string | null = null;
  let closed: ((reason: string) => void) | null = null;
  let over = false;
  // A node may speak before anybody listens: the first frame can come with the handshake's answer.
  let early: Buffer[] | null = [];
  let listener: ((bytes: Uint8Array) => void) | null = null;
  socket.on('message', (data: Buffer) => {
    if (listener === null) early?.push(data);
    else listener(data);
  });
  socket.on('error', (error) => {
    reason = error.message;
  });
  socket.on('close', (code, text) => {
    over = true;
    closed?.(reason ?? (text.length > 0 ? text.toString('utf8') : `closed with code ${code}`));
  });
  return {
    send: (bytes) => {
      // A frame for a connection that is going is dropped: `onClose` tells.
      if (socket.readyState === WebSocket.OPEN) socket.send(bytes, { binary: true });
    },
    onMessage: (handler) => {
      listener = handler;
      for (const data of early ?? []) handler(data);
      early = null;
    },
    onClose: (handler) => {
      closed = handler;
      if (over) handler(reason ?? 'closed');
    },
    close: () => {
      socket.close(1000);
      const timer = setTimeout(() => socket.terminate(), farewellMs);
      socket.once('close', () => clearTimeout(timer));
    },
  };
}
