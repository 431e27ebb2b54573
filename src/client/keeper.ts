import { ClusterError, limits, type Prng } from '../base/index.ts';
import type { Clock, Dial, Logger, Timer } from '../ports/index.ts';
import { nativeProtocol } from '../protocol/client/index.ts';
import { AddressBook } from './address-book.ts';
import { pauseMs } from './back-off.ts';
import { dialFirst } from './dial-first.ts';
import type { Exchange } from './exchange.ts';
import { type FarewellRequest, sayFarewell } from './farewell.ts';
import { type Link, openLink } from './link.ts';

/** How often the cluster is asked who its members are; a link that nobody waits for comes back as soon. */
const refreshMs = 10_000;
/** How long one address has before the next is tried beside it. */
const headStartMs = 250;

export type KeeperParts = {
  readonly dial: Dial;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly logger: Logger | null;
};

export type KeeperOptions = {
  readonly addresses: readonly string[];
  /** Nothing is learnt of the members. */
  readonly onlyThese: boolean;
  readonly clusterName: string | null;
  readonly secret: string;
  /** Name and version of the program, for people. */
  readonly client: string;
  /** For one attempt at one address. */
  readonly connectTimeoutMs: number;
};

/**
 * Keeps one link to one node of the cluster, from the first time that anybody wants one: finds the node, and
 * the next when that is lost; at leisure when nobody waits for it. A client that has nothing to ask for hours
 * must follow the members all the same, or it wakes up knowing nobody who is still there. Exchanges that come
 * while there is no link wait here, in order.
 */
export class Keeper {
  readonly #parts: KeeperParts;
  readonly #options: KeeperOptions;
  readonly #book: AddressBook;
  /** Waiting for a link, or for room on it, in the order they came. */
  readonly #waiting = new Set<Exchange>();
  #link: Link | null = null;
  /** Links that take no more requests and wait for the last answers. */
  readonly #retired = new Set<Link>();
  #dialling = false;
  /** Before the next round of dialling. `leisurely`: whoever wants a link now need not wait for its end. */
  #pause: { readonly timer: Timer; readonly leisurely: boolean } | null = null;
  #rounds = 0;
  #closed = false;
  /** Whose revisions these are. Another cluster behind an old address must not be taken for ours. */
  #cluster: { readonly id: string; readonly epoch: number } | null = null;
  #lastFailure: ClusterError | null = null;

  constructor(parts: KeeperParts, options: KeeperOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#book = new AddressBook(options.addresses, parts.prng);
  }

  /** The link, while there is one. */
  get link(): Link | null {
    return this.#link;
  }

  /** Why there is no link, as far as was found out. */
  get lastFailure(): ClusterError | null {
    return this.#lastFailure;
  }

  /** The cluster named its members. */
  learn(addresses: readonly string[]): void {
    if (!this.#options.onlyThese) this.#book.learn(addresses);
  }

  #hear(addresses: readonly string[]): void {
    if (!this.#options.onlyThese) this.#book.hear(addresses);
  }

  /** Sends it now, or as soon as there is a link with room. */
  submit(exchange: Exchange): void {
    if (this.#closed) return exchange.refused(closed());
    const link = this.#link;
    if (link !== null && (!exchange.prompt || (link.hasRoom && this.#waiting.size === 0))) {
      return link.send(exchange);
    }
    if (this.#waiting.size >= limits.proposalsMax) return exchange.refused(overloaded());
    this.#waiting.add(exchange);
    this.#seek();
  }

  /** The next link should lead to `address`, if that answers. */
  prefer(address: string): void {
    if (!this.#options.onlyThese) this.#book.prefer(address);
  }

  /** It waits for a link no more. */
  withdraw(exchange: Exchange): void {
    this.#waiting.delete(exchange);
  }

  /**
   * Everything that waits ends now. `last` are requests for whose answers the link, if there is one, stays
   * up, at most `farewellMs`; nothing is sent again.
   */
  async close(last: readonly FarewellRequest[]): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#pause?.timer.cancel();
    for (const link of this.#retired) link.end(closed());
    this.#refuseAll(closed());
    const link = this.#link;
    if (link === null) return;
    link.clear(closed());
    if (last.length > 0) await sayFarewell(link, last, this.#parts.clock);
    link.end(closed());
  }

  /** Looks for a node, unless that is done already: now if anybody waits for one, else at leisure. */
  #seek(): void {
    if (this.#closed || this.#link !== null || this.#dialling) return;
    if (this.#waiting.size === 0) {
      const { prng } = this.#parts;
      if (this.#pause === null) this.#pauseFor(refreshMs / 2 + prng.below(refreshMs / 2), true);
      return;
    }
    if (this.#pause?.leisurely === false) return;
    this.#pause?.timer.cancel();
    this.#pause = null;
    this.#dial();
  }

  #dial(): void {
    this.#dialling = true;
    const { clock } = this.#parts;
    const { connectTimeoutMs: timeoutMs } = this.#options;
    const hello = this.#hello();
    void dialFirst(this.#book.inOrder(), headStartMs, {
      clock,
      attempt: async (address) =>
        this.#checked(await openLink(address, { ...this.#parts, hello, timeoutMs })),
      discard: (link) => link.end(closed()),
      failed: (address, error) => this.#noteFailure(address, error),
    }).then((outcome) => {
      this.#dialling = false;
      if (outcome.kind === 'won') this.#up(outcome.value);
      else this.#roundLost([...outcome.failures.values()]);
    });
  }

  #hello() {
    const { client, clusterName, secret } = this.#options;
    return { version: nativeProtocol.newest, clusterName, secret, client };
  }

  /** The link, if it leads into the cluster that was met before; else it is ended. */
  #checked(link: Link): Link {
    const known = this.#cluster;
    const { clusterId, epoch } = link.welcome;
    if (known === null || clusterId === null) return link;
    if (clusterId === known.id && epoch >= known.epoch) return link;
    const why = new ClusterError(
      'ERR_WRONG_CLUSTER',
      clusterId === known.id
        ? `${link.address} belongs to epoch ${epoch} of the cluster, which is in epoch ${known.epoch}`
        : `${link.address} belongs to cluster ${clusterId}, not to ${known.id}`,
    );
    link.end(why);
    throw why;
  }

  #noteFailure(address: string, error: Error): void {
    this.#parts.logger?.debug({ address, reason: error.message }, 'no link');
    this.#book.failed(address);
    if (!(error instanceof ClusterError)) return;
    this.#lastFailure = error;
    if (error.code === 'ERR_WRONG_CLUSTER') this.#book.forget(address);
  }

  #up(link: Link): void {
    if (this.#closed) return link.end(closed());
    const { boot, clusterId, clusterName, epoch, members, nodeId } = link.welcome;
    this.#parts.logger?.debug(
      { address: link.address, node: nodeId, boot, clusterName },
      'link up',
    );
    this.#link = link;
    this.#rounds = 0;
    this.#lastFailure = null;
    if (clusterId !== null) this.#cluster = { id: clusterId, epoch };
    this.#book.worked(link.address);
    this.#hear(members.map(({ address }) => address));
    link.start({
      room: () => this.#drain(),
      avoid: () => this.#retire(link),
      members: (addresses) => this.#hear(addresses),
      over: (why) => this.#down(link, why),
    });
    this.#refreshLater(link);
    this.#drain();
  }

  /** Members come and go: an address learnt an hour ago may be nobody's any more. */
  #refreshLater(link: Link): void {
    this.#parts.clock.after(refreshMs, () => {
      if (this.#link !== link) return;
      link.send({
        // Nobody waits for it, so its absence proves nothing.
        prompt: false,
        size: 0,
        request: (tag) => ({ kind: 'members', tag }),
        reply: (reply) => {
          if (reply.kind === 'members') this.learn([...reply.membership.addresses.values()]);
          return 'done';
        },
        lost: () => undefined,
        refused: () => undefined,
      });
      this.#refreshLater(link);
    });
  }

  #retire(link: Link): void {
    if (this.#link !== link) return;
    this.#parts.logger?.debug({ address: link.address }, 'link retired');
    this.#link = null;
    this.#retired.add(link);
    this.#book.failed(link.address);
    link.retire(unreachable(`${link.address} does not serve`));
    this.#seek();
  }

  #down(link: Link, why: ClusterError): void {
    this.#parts.logger?.debug({ address: link.address, reason: why.message }, 'link lost');
    if (this.#retired.delete(link) || this.#link !== link) return;
    this.#link = null;
    this.#book.failed(link.address);
    this.#lastFailure = why;
    this.#seek();
  }

  #drain(): void {
    for (const exchange of this.#waiting) {
      const link = this.#link;
      if (link === null) return;
      if (exchange.prompt && !link.hasRoom) continue;
      this.#waiting.delete(exchange);
      link.send(exchange);
    }
  }

  /** Every address failed. They are tried again after a pause, unless none of them will ever do. */
  #roundLost(failures: readonly Error[]): void {
    const bug = failures.find((failure) => !(failure instanceof ClusterError));
    if (bug !== undefined) throw bug;
    if (this.#closed) return;
    const [first] = failures;
    const hopeless = failures.every((f) => f instanceof ClusterError && f.retry === 'never');
    if (hopeless && first instanceof ClusterError) return this.#refuseAll(first);
    if (this.#waiting.size === 0) this.#seek();
    else this.#pauseFor(pauseMs(this.#rounds++, this.#parts.prng), false);
  }

  #pauseFor(ms: number, leisurely: boolean): void {
    const timer = this.#parts.clock.after(ms, () => {
      this.#pause = null;
      this.#dial();
    });
    this.#pause = { timer, leisurely };
  }

  #refuseAll(why: ClusterError): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const exchange of waiting) exchange.refused(why);
  }
}

const overloaded = (): ClusterError =>
  new ClusterError(
    'ERR_OVERLOADED',
    `Cannot send: ${limits.proposalsMax} requests wait for a connection already`,
  );

const unreachable = (reason: string): ClusterError => new ClusterError('ERR_UNREACHABLE', reason);

const closed = (): ClusterError => new ClusterError('ERR_STOPPED', 'This client is closed');
