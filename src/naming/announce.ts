// A node that runs tells the boot cluster where it is.

import type { NodeId } from '../base/index.ts';
import { ClusterError } from '../base/index.ts';
import type { Client, Lease, Operation } from '../client/index.ts';
import { del, put, when } from '../client/index.ts';
import { keptFile, nameServiceFile } from '../paths/index.ts';
import type { Clock, Logger, Timer } from '../ports/index.ts';
import { nameLeaseMs } from './claim.ts';
import { type Names, readNames } from './names.ts';

/** What a node has to say of itself at this moment. */
export type Announcement = {
  readonly name: string;
  readonly id: NodeId;
  readonly address: string;
  readonly clusterId: string;
  readonly isVoter: boolean;
  readonly keepsData: boolean;
  /** All members, if this node leads and so knows for certain; else `null`. */
  readonly members: ReadonlySet<string> | null;
};

export type AnnouncerParts = {
  /** Opens a client of the boot cluster. @throws ERR_UNREACHABLE and the like: it is tried again. */
  readonly connect: (signal: AbortSignal) => Promise<Client>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** `null`: nothing yet. */
  readonly say: () => Announcement | null;
};

const lookMs = 500;
/** What stands there is compared with what should. Somebody may have deleted it. */
const compareMs = 10_000;
const farewellMs = 1000;

/**
 * Keeps /ctl/ns/NAME/ID, on a lease, while the node votes, and /ctl/kept/NAME/ID, without one, since it holds
 * data. Never in anybody's way: what fails is tried again, and told once. The leader also removes what is left of
 * nodes that are members no more.
 */
export class Announcer {
  readonly #parts: AnnouncerParts;
  readonly #stopping = new AbortController();
  #client: Client | null;
  #lease: Lease | null;
  #said = '';
  #comparedAtMs = Number.NEGATIVE_INFINITY;
  #isCut = false;
  #timer: Timer | null = null;
  #turn: Promise<void> = Promise.resolve();

  /** `claim`: the client and the lease under which this node founded the cluster. */
  constructor(parts: AnnouncerParts, claim: { client: Client; lease: Lease } | null) {
    this.#parts = parts;
    this.#client = claim?.client ?? null;
    this.#lease = claim?.lease ?? null;
  }

  start(): void {
    if (this.#stopping.signal.aborted) return;
    this.#turn = this.#look();
    void this.#turn.then(() => {
      if (this.#stopping.signal.aborted) return;
      this.#timer = this.#parts.clock.after(lookMs, () => this.start());
    });
  }

  /** Takes what goes with the lease away at once, if the boot cluster is there. May be called twice. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#timer?.cancel();
    await this.#turn;
    const client = this.#client;
    this.#client = null;
    await this.#lease?.release({ timeoutMs: farewellMs }).catch(() => undefined);
    await client?.close();
  }

  async #look(): Promise<void> {
    const { logger } = this.#parts;
    try {
      const said = this.#parts.say();
      if (said === null) return;
      await this.#announce(said);
      if (this.#isCut) logger.info({}, 'announced in the boot cluster again');
      this.#isCut = false;
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      if (!(error instanceof ClusterError)) throw error;
      // Whether it was done is not known: it is said again.
      this.#said = '';
      if (!this.#isCut) logger.info({ error: error.message }, 'not announced in the boot cluster');
      this.#isCut = true;
    }
  }

  async #announce(said: Announcement): Promise<void> {
    const { clock, connect } = this.#parts;
    const { signal } = this.#stopping;
    this.#client ??= await connect(signal);
    const client = this.#client;
    const isNew = this.#lease === null || this.#lease.isLost;
    if (this.#lease === null || isNew) this.#lease = await client.grant(nameLeaseMs, { signal });
    const text = [said.address, said.clusterId, said.isVoter].join(' ');
    const isDue = clock.now() - this.#comparedAtMs >= compareMs;
    if (!isNew && text === this.#said && !isDue) return;
    const { announced, kept } = await readNames(client, said.name, { signal });
    const ifTrue = changes(said, { announced, kept }, this.#lease, isNew);
    if (ifTrue.length > 0) await client.transact({ ifTrue }, { signal });
    if (said.members !== null) await this.#clean(client, said, { announced, kept });
    this.#said = text;
    this.#comparedAtMs = clock.now();
  }

  /** Nodes that are members no more will not come back under their ids. */
  async #clean(client: Client, said: Announcement, names: Pick<Names, 'announced' | 'kept'>) {
    const clusterOf = new Map(names.kept.map(({ clusterId, id }) => [id, clusterId]));
    for (const { created, id, path } of [...names.announced, ...names.kept]) {
      if (id === said.id || said.members?.has(id) !== false) continue;
      const theirs = clusterOf.get(id) ?? said.clusterId;
      if (theirs !== said.clusterId) {
        this.#parts.logger.error(
          { path, ours: said.clusterId, theirs },
          'another cluster of this name is announced: one of them must go',
        );
        continue;
      }
      await client.transact(
        { compares: [when.created(path, '=', created)], ifTrue: [del(path)] },
        { signal: this.#stopping.signal },
      );
    }
  }
}

/** What differs between what stands there and what should. `isNew`: nothing goes with that lease yet. */
function changes(
  said: Announcement,
  { announced, kept }: Pick<Names, 'announced' | 'kept'>,
  lease: Lease,
  isNew: boolean,
): Operation[] {
  const { name, id, address, clusterId, isVoter, keepsData } = said;
  const operations: Operation[] = [];
  const entry = announced.find((each) => each.id === id);
  const ns = nameServiceFile(name, id);
  if (!isVoter) {
    if (entry !== undefined) operations.push(del(ns));
  } else if (isNew || entry?.address !== address || !entry.isLeased) {
    operations.push(put(ns, address, { lease }));
  }
  const mark = kept.find((each) => each.id === id);
  const isRight =
    mark?.address === address && mark.clusterId === clusterId && mark.isLeased === !keepsData;
  if (!isRight || (isNew && !keepsData)) {
    const body = `${address} ${clusterId}`;
    operations.push(put(keptFile(name, id), body, keepsData ? {} : { lease }));
  }
  return operations;
}
