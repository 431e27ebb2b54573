import { ClusterError, type ErrorCode, limits, noBytes, utf8 } from '../base/index.ts';
import type { NodeHandle } from '../node/index.ts';
import type { Clock, Host, Logger } from '../ports/index.ts';
import { type ClientHello, nativeProtocol, type ServerHello } from '../protocol/client/index.ts';
import { Cursors } from '../tree/index.ts';
import { Access, type Right, type Secrets, type Verdict } from './access.ts';
import { CatchUp } from './catch-up.ts';
import { RequestCounts } from './counts.ts';
import { DoozerSession, type DoozerSink } from './doozer-session.ts';
import { defaultServerLimits, Guest, type ServerLimits, type Waiting } from './guest.ts';
import { type About, leaderAddressOf } from './native-answers.ts';
import { NativeSession, type NativeSink } from './native-session.ts';

export type ServerParts = {
  readonly node: NodeHandle;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly secrets: Secrets;
  /** What `status` reports besides the node's own. */
  readonly about: About;
  /** Bounds other than the usual ones, from flags or tests. */
  readonly limits?: Partial<ServerLimits>;
};

/** What comes of a native client's hello: an answer, and a session if it is welcome. */
export type Opened =
  | { readonly hello: Extract<ServerHello, { kind: 'welcome' }>; readonly session: NativeSession }
  | {
      readonly hello: Extract<ServerHello, { kind: 'refused' }>;
      readonly session: null;
      /** The answer has to wait so long; 0: it may leave at once. */
      readonly afterMs: number;
    };

/** Gives every connection its session, and holds what they share. */
export class Server {
  readonly #parts: ServerParts;
  readonly #limits: ServerLimits;
  readonly #access: Access;
  readonly #catchUp: CatchUp;
  /** What guests asked for, and how many waits of theirs hang here. */
  readonly requests = new RequestCounts();
  readonly waiting: Waiting = { waits: 0 };
  /** Where listings by offset stand, for all guests together. */
  readonly #cursors = new Cursors(limits.cursorPlacesMax);

  constructor(parts: ServerParts) {
    this.#parts = parts;
    this.#limits = { ...defaultServerLimits, ...parts.limits };
    this.#access = new Access(parts.secrets, parts.clock);
    this.#catchUp = new CatchUp(parts.clock);
  }

  /** The process; `null` where there is none to speak of. */
  get host(): Host | null {
    return this.#parts.about.host ?? null;
  }

  get version(): string {
    return this.#parts.about.version;
  }

  get node(): NodeHandle {
    return this.#parts.node;
  }

  /** Some secret is set. Whoever shows the tree to strangers must ask for it. */
  get guarded(): boolean {
    return this.#access.guarded;
  }

  /** What comes of a secret that somebody at `address` shows, for doors that ask by themselves. */
  judge(secret: string, address: string): Verdict {
    return this.#access.judge(utf8(secret), address);
  }

  ready(): boolean {
    return this.unready() === null;
  }

  /**
   * Why nobody should be sent here, in a word or two; `null`: it is ready. A node without a leader cannot
   * vouch for anything newer than it has; a condemned one for nothing.
   */
  unready(): string | null {
    const { node } = this.#parts;
    const { life, raft } = node.status();
    if (life !== 'ready') return life;
    if (!node.serves()) return 'condemned';
    return raft.leader === null ? 'no leader' : null;
  }

  /**
   * The session of a connection that speaks doozer. It begins as if ACCESS with an empty secret had
   * been sent. `room`: requests are taken again after the guest was full; it may only schedule.
   * `address`: of the other side, without its port.
   */
  openDoozer(sink: DoozerSink, room: () => void, address = ''): DoozerSession {
    return new DoozerSession({
      guest: this.#guest(this.#access.rightOf(noBytes), room),
      access: this.#access,
      cursors: this.#cursors,
      requests: this.requests,
      clock: this.#parts.clock,
      address,
      sink,
    });
  }

  /** Checks a native client's hello: version, cluster name, secret, in this order. */
  openNative(hello: ClientHello, sink: NativeSink, room: () => void, address = ''): Opened {
    const status = this.#parts.node.status();
    if (hello.version < nativeProtocol.oldest) {
      return refused(
        'ERR_BAD_FRAME',
        `Cannot speak version ${hello.version} of the native protocol: this node speaks ${nativeProtocol.oldest} to ${nativeProtocol.newest}`,
      );
    }
    if (hello.clusterName !== null && hello.clusterName !== status.clusterName) {
      return refused(
        'ERR_WRONG_CLUSTER',
        `This is cluster "${status.clusterName}", not "${hello.clusterName}"`,
      );
    }
    const verdict = this.judge(hello.secret, address);
    if (verdict.kind === 'unheard') {
      return refused('ERR_OVERLOADED', 'Too many wrong secrets from this address: try again later');
    }
    // Without a secret a guest is let in with what everyone may do, as in doozer: REV and SELF at least.
    if (verdict.kind === 'wrong' && hello.secret !== '') {
      const detail = "permission denied: the secret is not this cluster's";
      return refused('ERR_ACCESS_DENIED', detail, verdict.afterMs);
    }
    const right: Right = verdict.kind === 'right' ? verdict.right : 'none';
    const { clock, about } = this.#parts;
    const { membership } = status.raft;
    return {
      hello: {
        kind: 'welcome',
        version: Math.min(hello.version, nativeProtocol.newest),
        clusterName: status.clusterName,
        clusterId: status.lineage?.clusterId ?? null,
        epoch: status.lineage?.epoch ?? 0,
        nodeId: status.id,
        boot: status.boot,
        leaderAddress: leaderAddressOf(status),
        members: [...membership.addresses].map(([id, address]) => ({ id, address })),
      },
      session: new NativeSession({
        guest: this.#guest(right, room),
        cursors: this.#cursors,
        catchUp: this.#catchUp,
        requests: this.requests,
        clock,
        about,
        sink,
      }),
    };
  }

  #guest(right: Right, room: () => void): Guest {
    return new Guest(this.#parts.node, this.#limits, right, room, this.waiting);
  }
}

function refused(code: ErrorCode, detail: string, afterMs = 0): Opened {
  const { code: checked, message } = new ClusterError(code, detail);
  return {
    hello: { kind: 'refused', version: nativeProtocol.newest, code: checked, detail: message },
    session: null,
    afterMs,
  };
}
