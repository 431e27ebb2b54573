import { ClusterError, isVoter, type Lineage, limits } from '../base/index.ts';
import type { Announcer } from '../naming/index.ts';
import { Node, usualTiming } from '../node/index.ts';
import type { LogStore, PeerLinks } from '../ports/index.ts';
import { AlarmWatch, Server } from '../server/index.ts';
import { Pulse, Steward } from '../steward/index.ts';
import type { TreeState } from '../tree/index.ts';
import type { RejoinNote } from '../wal/index.ts';
import { announcerOf } from './announcing.ts';
import { arrive, patienceMs } from './arrival.ts';
import { attach, confirmRemoved } from './attach.ts';
import { found, freshLineage, freshNodeId } from './founding.ts';
import { firstEntry, isEmpty, loadState, withFirstEntry } from './recovery.ts';
import type { FoundLeave } from './settle.ts';
import { openStore, type Store } from './store.ts';
import { type Entrance, hintsOf, type LifeEnd, type LifeParts } from './types.ts';

/** How long a node that was taken in waits for the first of what the others hold. */
const attachAgainMs = 5000;
const transferWithinMs = 2000;

/** `leave`: the boot cluster or the other nodes let it found the cluster. */
type OwnParts = LifeParts & { readonly leave: FoundLeave | null };

/**
 * One node under one id, from recovery to its end. A node that was removed begins another life,
 * under another id, in the same process.
 */
export class Life {
  readonly #parts: OwnParts;
  readonly #store: Store;
  /** There was nothing in its folder. */
  readonly #isNew: boolean;
  readonly #node: Node;
  readonly #links: PeerLinks;
  readonly #entrance: Entrance;
  readonly server: Server;
  readonly #steward: Steward;
  readonly #pulse: Pulse;
  readonly #watch: AlarmWatch | null;
  readonly #announcer: Announcer | null;
  #lineage: Lineage | null;
  #whenLineageKnown: () => void = () => {};
  #saved: Promise<void> = Promise.resolve();
  #confirming = false;
  #attaching = false;
  #stopping: Promise<void> | null = null;
  /** Aborted when this life ends, however it does: nobody attaches any more. */
  readonly #over = new AbortController();
  #end!: (end: LifeEnd) => void;
  #fail!: (error: unknown) => void;
  /** Resolves when this life is over and everything of it is closed; rejected when it failed. */
  readonly ended: Promise<LifeEnd>;

  private constructor(parts: OwnParts, store: Store, state: TreeState) {
    this.#parts = parts;
    this.#store = store;
    this.#isNew = isEmpty(store.recovered);
    this.#lineage = state.lineage ?? store.lineage;
    this.ended = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
    this.ended.catch(() => {});
    const { world, options, address, logger } = parts;
    const { clock } = world;
    const of = {
      nodeId: store.nodeId,
      boot: store.recovered.boot,
      address,
      clusterName: options.clusterName,
      lineage: () => this.#lineage,
      secret: options.secrets.rw,
      logger,
    };
    this.#links = world.links(of);
    const log = world.observeLog?.(store.log, of) ?? store.log;
    this.#node = this.#newNode(state, log);
    // The node has taken the entries over; held here, they would stay for as long as it lives.
    this.#store = { ...store, recovered: { ...store.recovered, entries: [] } };
    const node = this.#node;
    const { version } = options;
    this.server = new Server({
      node,
      clock,
      logger,
      secrets: options.secrets,
      about: {
        address: () => address,
        version,
        home: () => this.#home(),
        ...(world.host && { host: world.host }),
      },
    });
    this.#entrance = world.entrance({ server: this.server, logger });
    this.#steward = new Steward(
      { node, clock, logger },
      {
        silenceMs: options.silenceMs,
        minVoters: options.minVoters,
        promoteAfterMs: options.promoteAfterMs ?? limits.promoteAfterMs,
        electionTimeoutTicks: (options.timing ?? usualTiming).electionTimeoutTicks,
      },
    );
    this.#watch = world.host ? new AlarmWatch({ node, clock, host: world.host }) : null;
    this.#pulse = new Pulse({
      node,
      clock,
      pulseMs: options.pulseMs,
      address,
      hostname: world.hostname,
      version,
    });
    const claim = parts.leave?.boot ?? null;
    this.#announcer = announcerOf(parts, node, () => this.#lineage, claim);
  }

  get node(): Node {
    return this.#node;
  }

  /**
   * Recovers, listens, and founds, attaches or goes on, whichever the folder and the options say.
   *
   * @throws what the folder, the address or the cluster has against it; nothing is left running.
   */
  static async begin(parts: LifeParts): Promise<Life> {
    const { world, options, logger } = parts;
    const store = await openStore(world, options, logger);
    let life: Life | null = null;
    try {
      let recovered = await withFirstEntry(parts, store);
      const state = await loadState(store);
      // Lines of several nodes are read together.
      let own: OwnParts = { ...parts, logger: logger.child({ node: store.nodeId }), leave: null };
      for (;;) {
        life = new Life(own, { ...store, recovered }, state);
        // A node whose disk fails while it attaches is dead: whoever waits for it, in a quorum too, must see it end.
        const started = life.#start();
        started.catch(() => {});
        const leave = await Promise.race([started, life.ended.then(() => null)]);
        if (leave === null) return life;
        // It begins again as a founder, on the same store, unless it stood still for so long that all may be otherwise.
        await life.#closeButStore();
        const isGood = leave.isGood();
        if (isGood) recovered = await firstEntry(parts, store);
        else await leave.boot?.client.close();
        own = { ...own, leave: isGood ? leave : null };
      }
    } catch (error) {
      if (life === null) await store.stop();
      else await life.#close();
      throw error;
    }
  }

  /** Hands leadership over, lets what was asked be answered, syncs, closes. May be called twice. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop({ kind: 'stopped' }, null);
    return this.#stopping;
  }

  #newNode(state: TreeState, log: LogStore): Node {
    const { world, options, logger } = this.#parts;
    const { nodeId, recovered, snapshots } = this.#store;
    return new Node(
      {
        id: nodeId,
        clusterName: options.clusterName,
        historyRevisions: options.historyRevisions,
        snapshotEveryBytes: options.snapshotEveryBytes ?? limits.snapshotEveryBytes,
        logKeptBytes: options.logKeptBytes ?? limits.logKeptBytes,
        requestTimeoutMs: limits.requestTimeoutMs,
        ...(options.timing && { timing: options.timing }),
      },
      {
        clock: world.clock,
        random: world.random,
        logger,
        log,
        snapshots,
        links: this.#links,
        recovered,
        state,
        events: {
          fatal: (error) => this.#fatal(error),
          toldRemoved: () => void this.#toldRemoved(),
          lineageKnown: (lineage) => this.#lineageKnown(lineage),
        },
      },
    );
  }

  /** Resolves when it is in a cluster, with `null`; or when it may found one, which another one of it does. */
  async #start(): Promise<FoundLeave | null> {
    const { options, logger, address } = this.#parts;
    // A founder is alone: nobody may ask before its tree is there, or write ahead of its first files.
    if (this.#isFounder()) await this.#found();
    else this.#node.start();
    checkStillGood(this.#parts.leave);
    await this.#entrance.start();
    const { voters, learners } = this.#node.status().raft.membership;
    const data = options.dataFolder ?? 'none';
    logger.info({ address, cluster: options.clusterName, data, voters, learners }, 'listening');
    const leave = this.#isNew ? await this.#arrive() : null;
    if (leave !== null) return leave;
    this.#attachAgainLater(false);
    this.#steward.start();
    this.#pulse.start();
    this.#watch?.start();
    this.#announcer?.start();
    return null;
  }

  #home() {
    const { seeds = [] } = this.#parts.options;
    return { belongs: this.#belongs(), seeds };
  }

  /** Also a node that has only been promised to a cluster, or holds the first of its log. */
  #belongs(): boolean {
    const { last, membership } = this.#node.status().raft;
    const holdsAny = last.index > 0 || membership.addresses.size > 0;
    return holdsAny || this.#lineage !== null || this.#store.note !== null;
  }

  /** A node that holds nothing finds its cluster. */
  #arrive(): Promise<FoundLeave | null> {
    const { note, lineage } = this.#store;
    return arrive(
      {
        life: this.#parts,
        nodeId: this.#node.id,
        promised: note !== null ? 'noted' : lineage !== null ? 'known' : 'no',
        attach: (withinMs, through) => this.#attach(withinMs, through),
        belongs: () => this.#belongs(),
        // Else somebody takes it for a member; it will be fed.
        mayFound: () => this.#node.status().raft.term === 0,
      },
      AbortSignal.any([this.#parts.stopping, this.#over.signal]),
    );
  }

  /** Nobody else is a sole member of a cluster whose lineage was never known to the folder. */
  #isFounder(): boolean {
    const { membership } = this.#node.status().raft;
    return this.#lineage === null && membership.addresses.size === 1;
  }

  /** Resolves when the tree's first command is applied; also after a crash that came before it. */
  async #found(): Promise<void> {
    const { world, options, address, logger } = this.#parts;
    const lineage = freshLineage(world.random);
    const applied = new Promise<void>((resolve) => {
      this.#whenLineageKnown = resolve;
    });
    this.#node.start();
    found(
      this.#node,
      {
        id: this.#node.id,
        lineage,
        name: options.clusterName,
        address,
        hostname: world.hostname,
        version: options.version,
        valueBytesMax: limits.valueBytesMax,
        announce: options.bootUri === null,
        slots: Math.max(1, (options.seeds ?? []).length),
      },
      world.clock,
      () => this.#stopping !== null,
    );
    await Promise.race([applied, this.ended]);
    const clusterId = this.#lineage?.clusterId ?? null;
    logger.info({ cluster: options.clusterName, clusterId }, 'cluster founded');
  }

  /**
   * A spare that no leader speaks to attaches again: it may have been dropped before it was sent
   * anything, or taken in by a leader whose word did not last, and then nobody else knows of it.
   */
  #attachAgainLater(wasAlone: boolean): void {
    this.#parts.world.clock.after(attachAgainMs, () => {
      if (this.#stopping !== null) return;
      const { raft } = this.#node.status();
      const isAlone = raft.leader === null && !isVoter(raft.membership, this.#node.id);
      if (!isAlone || !wasAlone || this.#through().length === 0) {
        this.#attachAgainLater(isAlone);
        return;
      }
      this.#attach(patienceMs(this.#parts, this.#store.note !== null)).then(
        () => this.#attachAgainLater(false),
        (error: unknown) => {
          this.#parts.logger.debug({ error: String(error) }, 'not attached again yet');
          this.#attachAgainLater(true);
        },
      );
    });
  }

  #through(): string[] {
    const { options, address, through } = this.#parts;
    const { addresses } = this.#node.status().raft.membership;
    const noted = this.#store.note?.addresses ?? [];
    const all = [...hintsOf(options), ...through, ...noted, ...addresses.values()];
    return [...new Set(all)].filter((other) => other !== address);
  }

  async #attach(withinMs: number, through: readonly string[] = this.#through()): Promise<void> {
    this.#attaching = true;
    try {
      await this.#askToAttach(withinMs, through);
    } finally {
      this.#attaching = false;
    }
  }

  async #askToAttach(withinMs: number, through: readonly string[]): Promise<void> {
    const { world, options, address, logger } = this.#parts;
    const { note, lineage } = this.#store;
    const members = await attach(
      {
        nodeId: this.#node.id,
        address,
        clusterName: options.clusterName,
        lineage: lineage ?? note?.lineage ?? null,
        through,
        secret: options.secrets.rw,
        withinMs,
      },
      { clock: world.clock, connect: world.connect, logger },
      AbortSignal.any([this.#parts.stopping, this.#over.signal]),
    );
    if (members.lineage !== null) {
      this.#lineage = members.lineage;
      await this.#saveLineage(members.lineage);
    }
    await this.#keep(() => this.#store.attached());
    if (this.#stopping !== null) return;
    logger.info({ members: [...members.membership.addresses.values()] }, 'attached');
  }

  #lineageKnown(lineage: Lineage): void {
    const known = this.#lineage !== null;
    this.#lineage = lineage;
    this.#whenLineageKnown();
    if (!known) this.#saveLineage(lineage).catch((error) => this.#fatal(error));
    void this.#readdress();
  }

  /** One at a time, and none after the folder was given back. */
  #saveLineage(lineage: Lineage): Promise<void> {
    return this.#keep(() => this.#store.belongsTo(lineage));
  }

  /**
   * Changes the folder, one change at a time, and none once this life ends: it may have been removed
   * while it was attaching, and what its folder says by then is for the next one.
   */
  #keep(change: () => Promise<void>): Promise<void> {
    this.#saved = this.#saved.then(() => (this.#stopping === null ? change() : undefined));
    return this.#saved;
  }

  /** This node listens elsewhere than its membership says: the cluster is told. */
  async #readdress(): Promise<void> {
    const { world, address, options } = this.#parts;
    const { membership } = this.#node.status().raft;
    const known = membership.addresses.get(this.#node.id);
    if (known === undefined || known === address) return;
    const addresses = [...membership.addresses.values(), address];
    try {
      const client = await world.connect({
        addresses,
        clusterName: options.clusterName,
        secret: options.secrets.rw,
      });
      const change = { kind: 'setAddress', id: this.#node.id, address } as const;
      await client.changeMembership(change, null).finally(() => client.close());
      this.#parts.logger.info({ address, before: known }, 'address changed');
    } catch (error) {
      if (this.#stopping !== null) return;
      this.#parts.logger.debug({ error: String(error) }, 'address not changed yet');
      world.clock.after(1000, () => void this.#readdress());
    }
  }

  /** Somebody says that we were removed. Others must say so too before anything is set aside. */
  async #toldRemoved(): Promise<void> {
    // While it attaches it asks to be taken in, again if it must: that is the answer.
    if (this.#confirming || this.#attaching || this.#stopping !== null) return;
    this.#confirming = true;
    const { world, options, logger } = this.#parts;
    const { addresses } = this.#node.status().raft.membership;
    const through = [...addresses].filter(([id]) => id !== this.#node.id).map(([, a]) => a);
    try {
      const others = [...new Set([...through, ...hintsOf(options)])];
      const { clusterName, secrets } = options;
      const removed = await confirmRemoved(
        this.#node.id,
        { addresses: others, clusterName, secret: secrets.rw },
        world.connect,
      );
      if (removed !== null) {
        // A folder that never learnt where it belongs is set aside all the same.
        this.#lineage ??= removed;
        logger.info({}, 'this node was removed: it comes back under a new id');
        this.#stopping ??= this.#stop({ kind: 'removed', through: others }, others);
      }
    } catch (error) {
      logger.debug({ error: String(error) }, 'removal not confirmed');
    } finally {
      this.#confirming = false;
    }
  }

  async #stop(end: LifeEnd, retireThrough: readonly string[] | null): Promise<void> {
    this.#over.abort();
    try {
      await this.#announcer?.stop();
      if (retireThrough === null) await this.#leaveOffice();
      await this.#close(retireThrough);
      this.#end(end);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Leadership goes to another voter first; a node without data leaves the cluster for good. */
  async #leaveOffice(): Promise<void> {
    const { options } = this.#parts;
    const { raft } = this.#node.status();
    this.#steward.stop();
    this.#pulse.stop();
    this.#node.drain();
    const addresses = [...raft.membership.addresses]
      .filter(([id]) => id !== this.#node.id)
      .map(([, address]) => address);
    // A node that has just attached may not know yet who the members are.
    const others = addresses.length > 0 ? addresses : hintsOf(options);
    if (others.length === 0) return;
    if (raft.role === 'leader')
      await this.#within(transferWithinMs, this.#node.transferLeadership(null));
    if (options.dataFolder === null) {
      await this.#within(transferWithinMs, this.#leaveCluster(others));
    }
  }

  async #leaveCluster(through: readonly string[]): Promise<void> {
    const { world, options } = this.#parts;
    const { clusterName, secrets } = options;
    const client = await world.connect({ addresses: through, clusterName, secret: secrets.rw });
    try {
      await client.changeMembership({ kind: 'remove', id: this.#node.id }, null);
    } finally {
      await client.close();
    }
  }

  /** Waits for `what` or `ms`, whichever comes first; a failure of it is no reason not to go on. */
  async #within(ms: number, what: Promise<unknown>): Promise<void> {
    const time = new Promise<void>((resolve) => this.#parts.world.clock.after(ms, resolve));
    await Promise.race([what.catch(() => {}), time]);
  }

  /** The starting list, backwards. */
  async #close(retireThrough: readonly string[] | null = null): Promise<void> {
    await this.#closeButStore();
    if (retireThrough !== null && this.#lineage !== null) {
      await this.#store.retire(this.#noteOf(this.#lineage, retireThrough));
    }
    await this.#store.stop();
  }

  async #closeButStore(): Promise<void> {
    this.#pulse.stop();
    this.#watch?.stop();
    this.#steward.stop();
    await this.#announcer?.stop();
    await this.#entrance.stop();
    await this.#node.stop();
    await this.#links.stop();
    await this.#saved.catch(() => {});
  }

  #noteOf(lineage: Lineage, addresses: readonly string[]): RejoinNote {
    const { clusterName } = this.#parts.options;
    return {
      lineage,
      clusterName,
      addresses: addresses.slice(0, 255),
      nodeId: freshNodeId(this.#parts.world.random),
    };
  }

  /** Nothing more may be promised: what reached the disk is unknown, or an invariant broke. */
  #fatal(error: unknown): void {
    this.#steward.stop();
    this.#pulse.stop();
    this.#watch?.stop();
    this.#fail(error);
    this.#over.abort(error);
  }
}

/** Without a data folder the leave of a boot cluster ends with its lease, and another one may have founded. */
function checkStillGood(leave: FoundLeave | null): void {
  if (leave?.boot === undefined || leave.isGood()) return;
  throw new ClusterError(
    'ERR_NO_LEASE',
    'Cannot found the cluster: this process stood still for so long that another node may have; start it again',
  );
}
