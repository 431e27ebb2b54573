import { once } from 'node:events';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { FakeCluster, FakeNode } from './fake-cluster.ts';

export type FakeServer = {
  readonly node: FakeNode;
  /** host:port. */
  readonly address: string;
  readonly stop: () => Promise<void>;
};

/** A node of `cluster` behind a real socket on loopback; `http` with TLS, for instance. */
export async function serve(
  cluster: FakeCluster,
  http: HttpServer = createHttpServer(),
): Promise<FakeServer> {
  const sockets = new WebSocketServer({ server: http, path: '/client', perMessageDeflate: false });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const address = `127.0.0.1:${(http.address() as AddressInfo).port}`;
  const node = cluster.node(address);
  sockets.on('connection', (socket: WebSocket) => {
    if (node.mood === 'down') return socket.terminate();
    const session = node.connect({
      send: (bytes) => socket.send(bytes),
      close: () => socket.close(),
    });
    socket.on('message', (data: Buffer) => session.received(Uint8Array.from(data)));
    socket.on('close', () => session.gone());
    socket.on('error', () => session.gone());
  });
  const stop = async (): Promise<void> => {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
    http.closeAllConnections();
    await new Promise((done) => http.close(done));
  };
  return { node, address, stop };
}

/** A port of loopback that takes connections and never says a word, or, closed, none at all. */
export async function silentPort(): Promise<{ address: string; close: () => Promise<void> }> {
  const sockets = new Set<{ destroy: () => void }>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise((done) => server.close(done));
  };
  return { address, close };
}
