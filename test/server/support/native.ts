import { noLease, sessionId, textOf, utf8 } from '../../../src/base/index.ts';
import type { Host } from '../../../src/ports/index.ts';
import type {
  NativeEvent,
  NativeReply,
  NativeRequest,
  NativeResult,
} from '../../../src/protocol/client/index.ts';
import { type NativeSession, Server, type ServerLimits } from '../../../src/server/index.ts';
import { FakeNode } from './fake-node.ts';
import { StillClock, silentLogger } from './silent.ts';

/** A reply on one line: `2 value @5 rev=3 "x"`. */
export function describe(reply: NativeReply): string {
  const { tag } = reply;
  switch (reply.kind) {
    case 'value':
      return `${tag} value @${reply.at} rev=${reply.revision} ${text(reply.body)}${age(reply)}`;
    case 'revision':
      return `${tag} revision ${reply.revision}`;
    case 'self':
      return `${tag} self ${reply.nodeId}`;
    case 'stat':
      return `${tag} stat @${reply.at} ${reply.what} rev=${reply.revision} count=${reply.count}${age(reply)}`;
    case 'names':
      return `${tag} names @${reply.at} ${reply.names.join(',')}${reply.more ? ' more' : ''}${age(reply)}`;
    case 'files':
      return `${tag} files @${reply.at} ${reply.files.map((f) => `${f.path}@${f.revision}`).join(',')}${reply.more ? ' more' : ''}${age(reply)}`;
    case 'event':
      return `${tag} event ${event(reply.event)}`;
    case 'events':
      return `${tag} events ${reply.events.map(event).join(',')} progress=${reply.progress}`;
    case 'health':
      return `${tag} health ${reply.health.members.map((it) => `${it.part} ${it.slot}`).join()} empty=${reply.health.emptySlots.join()} alarms=${reply.health.alarms.map(({ name }) => name).join()}`;
    case 'logLevel':
      return `${tag} log level ${reply.level}`;
    case 'status':
      return `${tag} status ${reply.report.role} @${reply.report.revision}`;
    case 'members':
      return `${tag} members ${[...reply.membership.addresses.values()].join(',')}`;
    case 'pong':
      return `${tag} pong`;
    case 'home':
      return `${tag} home ${reply.home.nodeId} ${reply.home.belongs} ${reply.home.seeds.join(',')}`;
    case 'created':
      return `${tag} created ${reply.path} @${reply.revision}`;
    case 'counted':
      return `${tag} counted ${reply.value} @${reply.revision}`;
    case 'decided':
      return `${tag} decided ${reply.succeeded} @${reply.revision} ${reply.results.map(result).join(',')}`;
    case 'lease':
      return `${tag} lease ${reply.lease} ${reply.lengthMs} ms, left ${reply.leftMs}`;
    case 'leases':
      return `${tag} leases ${reply.leftMs.join(',')}`;
    case 'leaseFiles':
      return `${tag} leaseFiles @${reply.at} ${reply.lengthMs} ms ${reply.paths.join(',')}${reply.more ? ' more' : ''}`;
    case 'error': {
      const more = [
        reply.leaderAddress && `leader=${reply.leaderAddress}`,
        reply.oldest !== null && `oldest=${reply.oldest}`,
        reply.revision !== null && `rev=${reply.revision}`,
        reply.effect === 'unknown' && 'effect=unknown',
      ].filter(Boolean);
      return [`${tag} ${reply.code}`, ...more].join(' ');
    }
  }
}

const age = ({ ageMs }: { ageMs: number | null }) => (ageMs === null ? '' : ` age=${ageMs}`);
const text = (bytes: Uint8Array) => JSON.stringify(textOf(bytes));
const event = (e: NativeEvent) =>
  `${e.kind} ${e.path}@${e.revision}${e.previous === null ? '' : ` was ${text(e.previous)}`}`;

function result(r: NativeResult): string {
  switch (r.kind) {
    case 'written':
      return `written@${r.revision}`;
    case 'counted':
      return `counted ${r.value}@${r.revision}`;
    case 'read':
      return r.file === null
        ? 'nothing'
        : `${text(r.file.body)}@${r.file.revision} of ${r.file.created} lease=${r.file.lease}`;
  }
}

export const noSession = { session: sessionId(0), seq: 0, ackedBelow: 0 };
export const set = (tag: number, path: string, body: string, rev = -1): NativeRequest => ({
  kind: 'set',
  tag,
  path,
  body: utf8(body),
  rev,
  lease: noLease,
  ...noSession,
});
export const del = (tag: number, path: string, rev = -1): NativeRequest => ({
  kind: 'delete',
  tag,
  path,
  rev,
  ...noSession,
});
export const inSession = (session: number, seq: number, ackedBelow = 1) => ({
  session: sessionId(session),
  seq,
  ackedBelow,
});
export const get = (path: string, least: number | null = null): NativeRequest => ({
  kind: 'get',
  tag: 9,
  path,
  rev: null,
  least,
});
export const nop = (tag: number): NativeRequest => ({ kind: 'nop', tag, ...noSession });

/** A native session over a fake node, and what it answered. */
export class NativeConversation {
  readonly node = new FakeNode();
  readonly clock = new StillClock();
  readonly server: Server;
  readonly session: NativeSession;
  readonly replies: NativeReply[] = [];
  hasRoom = true;

  constructor(
    options: {
      rw?: string;
      ro?: string;
      secret?: string;
      limits?: Partial<ServerLimits>;
      host?: Host;
    } = {},
  ) {
    this.server = new Server({
      node: this.node,
      clock: this.clock,
      logger: silentLogger,
      secrets: { rw: options.rw ?? '', ro: options.ro ?? '' },
      about: {
        address: () => '127.0.0.1:8046',
        version: 'test',
        ...(options.host && { host: options.host }),
      },
      limits: options.limits ?? {},
    });
    const opened = this.server.openNative(
      { version: 2, clusterName: 'test', secret: options.secret ?? '', client: 'test' },
      { answer: (reply) => this.replies.push(reply), room: () => this.hasRoom },
      () => {},
    );
    if (opened.session === null) throw new Error(opened.hello.detail);
    this.session = opened.session;
  }

  /** What the last answer, an error, says to people. */
  get detail(): string {
    const last = this.replies.at(-1);
    return last?.kind === 'error' ? last.detail : '';
  }

  get answers(): string[] {
    return this.replies.map(describe);
  }

  ask(request: NativeRequest): string {
    const before = this.replies.length;
    this.session.handle(request);
    return this.answers.slice(before).join(' | ') || 'nothing';
  }

  /** What came since the last call. */
  news(): string[] {
    return this.replies.splice(0).map(describe);
  }
}
