import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import { isVoter } from '../base/index.ts';
import type { NodeStatus } from '../node/index.ts';
import { childOf, parsePath, rootPath } from '../paths/index.ts';
import type { Clock } from '../ports/index.ts';
import type { Server } from '../server/index.ts';
import { isCertified } from '../tls/index.ts';
import { children, stat, type View } from '../tree/index.ts';
import { addressOf, listenOn } from './address.ts';
import { admit } from './admission.ts';
import { createHttp, pathOf } from './http.ts';
import type { Metrics } from './metrics.ts';
import { type PageMember, type PageName, pageHeaders, pageOf } from './page.ts';
import { plain } from './plain.ts';
import { certificateWanted, type DoorTls } from './tls.ts';

export type WebDoorParts = {
  /** host:port; port 0 takes a free one. */
  readonly address: string;
  readonly server: Server;
  /** For /metrics, as at the node's own port. */
  readonly metrics: Metrics | null;
  readonly clock: Clock;
  /** What this node calls its own address. */
  readonly nodeAddress: () => string;
  /** Absent: plain TCP. */
  readonly tls?: DoorTls | null;
};

/** Names one page lists. */
const namesMax = 1000;

/**
 * The web listener: one read-only page for each directory, as this node knows it, of whatever age.
 *
 * Departs from doozerd: the page stands alone, loads nothing, runs nothing, escapes every name; and
 * where a secret is set it asks for one (RFC 7617, any user name), where doozerd hung.
 */
export class WebDoor {
  readonly #parts: WebDoorParts;
  readonly #http: HttpServer;

  constructor(parts: WebDoorParts) {
    this.#parts = parts;
    this.#http = createHttp({
      upgrades: new Map(),
      unready: () => parts.server.unready(),
      metrics: parts.metrics,
      admit: (request, response, then) => admit(parts, request, response, then),
      page: (request, response) => this.#page(request, response),
      tls: parts.tls ?? null,
    });
  }

  /** @throws ERR_ADDRESS_IN_USE, ERR_BAD_ARGUMENT, both naming the address. */
  start(): Promise<void> {
    return listenOn(this.#http, this.#parts.address);
  }

  address(): string {
    return addressOf(this.#http);
  }

  /** Closes at once: a page can be asked for again. May be called twice. */
  async stop(): Promise<void> {
    if (!this.#http.listening) return;
    const done = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    this.#http.closeAllConnections();
    await done;
  }

  #page(request: IncomingMessage, response: ServerResponse): void {
    const path = pathOf(request);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      plain(response, 405, '');
    } else if (!path.endsWith('/')) {
      plain(response, 404, '');
    } else if (this.#parts.tls?.guestsCertified === true && !isCertified(request.socket)) {
      plain(response, 403, `${certificateWanted.slice(4)}\n`);
    } else {
      admit(this.#parts, request, response, () => this.#show(request, response, path));
    }
  }

  #show(request: IncomingMessage, response: ServerResponse, path: string): void {
    if (!this.#parts.server.node.serves()) {
      plain(response, 503, 'The state of this node is condemned; ask another node.\n');
    } else {
      const html = this.#html(decoded(path));
      response.writeHead(200, { ...pageHeaders, 'content-length': Buffer.byteLength(html) });
      response.end(request.method === 'HEAD' ? undefined : html);
    }
  }

  #html(path: string): string {
    const { server, nodeAddress } = this.#parts;
    const status = server.node.status();
    const view = server.node.view();
    const names = namesIn(view, path);
    return pageOf({
      clusterName: status.clusterName,
      path,
      names: names.slice(0, namesMax),
      cut: names.length > namesMax,
      node: status.id,
      address: nodeAddress(),
      role: status.raft.role,
      life: status.life,
      leader: status.raft.leader,
      revision: view.revision,
      members: membersOf(status),
      alarms: server.host?.alarms.standing ?? [],
    });
  }
}

/** What the browser escaped; as it came, if that is not how one escapes. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** What stands in a directory, one more than a page lists at most; nothing if it is none. */
function namesIn(view: View, text: string): PageName[] {
  const directory = text === '/' ? rootPath : parsePath(text.slice(0, -1));
  const names: PageName[] = [];
  if (directory === null) return names;
  for (const name of children(view, directory)) {
    const found = stat(view, childOf(directory, name));
    if (found.kind === 'directory') names.push({ kind: 'directory', name, entries: found.count });
    if (found.kind === 'file') {
      names.push({ kind: 'file', name, bytes: found.length, revision: found.revision });
    }
    if (names.length > namesMax) break;
  }
  return names;
}

function membersOf(status: NodeStatus): PageMember[] {
  const { membership } = status.raft;
  return [...membership.addresses].map(([id, address]) => ({
    id,
    address,
    part: isVoter(membership, id) ? 'votes' : 'spare',
  }));
}
