// A leader that is cut off in the middle of everything, while others go on without it.
import { type NodeId, utf8 } from '../base/index.ts';
import type { Path } from '../paths/index.ts';
import type { MembershipChange } from '../raft/index.ts';
import type { Cluster } from './cluster.ts';
import { Desk } from './guests/desk.ts';
import { runDoozerErrands } from './guests/doozer-guest.ts';
import { drawErrands, type Verb } from './guests/errands.ts';
import type { Machine } from './machine.ts';
import { split } from './net/shapes.ts';
import type { Step } from './plan.ts';
import { Process } from './process.ts';

/** How often an operator looks whether there is another leader yet. */
const lookMs = 3;
const visitorErrands = 20;
/** For so long, and so often, somebody leans on one node alone. */
const leanMs = 3000;
const leanEveryMs = 40;

/**
 * Cuts the leader off, with one follower or with nobody, in the moments in which a change of members
 * goes through its log. It takes in writes that nobody else may ever hold, and a guest asks it for what
 * others change meanwhile. The others may hear at once that it is gone; whoever leads them next is asked
 * for a change before it could commit anything.
 */
export function strand(cluster: Cluster, machine: Machine, step: Step): void {
  const leader = cluster.leader();
  const { id } = machine;
  if (leader === null || id === null) return;
  const { net, happened, world, machines } = cluster;
  happened.operatorChanges++;
  happened.partitions++;
  cluster.netTouched = true;
  const { choice, who } = step;
  // Now and then what was on its way comes while the old leader still takes itself for one.
  const forMs = (choice >> 15) % 2 === 0 ? step.forMs : step.forMs % 500;
  change(cluster, leader, changeOf(id, choice));
  const addresses = machines.map(({ address }) => address);
  const other = addresses[(choice >> 12) % addresses.length] as string;
  const side = choice % 2 === 0 ? [leader.address] : [leader.address, other];
  const shape = split(
    addresses,
    side,
    (['both', 'both', 'out'] as const)[(who >> 2) % 3] ?? 'both',
  );
  world.after((choice >> 4) % 6, () => {
    for (const [from, to] of shape) net.block(from, to);
    if ((choice >> 6) % 2 === 0) {
      for (const to of addresses) if (!side.includes(to)) net.reset(to, leader.address, 'a');
    }
    write(leader, (choice >> 8) % 9);
    visit(cluster, leader, ['get', 'get', 'get', 'rev']);
    if ((choice >> 10) % 2 === 0) lean(cluster, leader);
    whenNext(cluster, leader, forMs, (next) => {
      if ((choice >> 7) % 2 === 0) change(cluster, next, changeOf(id, choice >> 3));
      visit(cluster, next, ['overwrite', 'nop']);
    });
    world.after(forMs, () => {
      for (const [from, to] of shape) net.unblock(from, to);
    });
  });
}

const changeOf = (id: NodeId, choice: number): MembershipChange =>
  choice % 3 === 0
    ? { kind: 'promote', id }
    : choice % 3 === 1
      ? { kind: 'demote', id, park: true }
      : { kind: 'remove', id };

function change(cluster: Cluster, { node }: Machine, what: MembershipChange): void {
  cluster.operatorShrinks = true;
  node?.changeMembership(what, null).catch(() => {});
}

/** More events at once than a watcher has credits for, or history keeps. */
export function flood(cluster: Cluster, { choice }: Step): void {
  const leader = cluster.leader();
  if (leader !== null) write(leader, 200 + (choice % 200));
}

/** The driver's own path: no guest knows of it. */
export function write({ node, isUp }: Machine, count: number): void {
  if (node === null || !isUp) return;
  for (let n = 0; n < count; n++) {
    const body = utf8(`stranded ${n}`);
    node.propose({ kind: 'set', path: '/alive' as Path, body, guard: -1 }, deaf);
  }
}

const deaf = { applied: () => {}, failed: () => {} };

/** A client of 2011 that knows this one node, and asks it again and again, or changes the same. */
export function visit(cluster: Cluster, host: Machine, verbs: Verb[]): void {
  const { world, net, history } = cluster;
  const process = new Process(world, { startMs: 0, rate: 1, lookMs: 0 });
  const name = `v${cluster.visitors++}`;
  const chance = world.chance(name);
  const errands = drawErrands(chance, visitorErrands, 5 + chance.below(30), 0).map((errand) => ({
    ...errand,
    verb: verbs[errand.choice % verbs.length] ?? 'get',
    // All of them at one place.
    choice: errand.choice - (errand.choice % 12),
  }));
  const parts = { desk: new Desk(name, history), net, process, machines: [host], chance };
  void runDoozerErrands(parts, errands);
}

/**
 * Holds a lease that it was granted before, and asks this one node to go on with it: it may rely on what it
 * is told for one length more, whoever leads meanwhile.
 */
function lean(cluster: Cluster, host: Machine): void {
  const { world, history } = cluster;
  const { node } = host;
  const guest = `s${cluster.visitors++}`;
  const held = [...(node?.view().leases.entries() ?? [])].find(
    ([, { session, id }]) => session === null && !history.leans.has(id),
  )?.[1];
  if (held === undefined) return;
  const { id, lengthMs } = held;
  let sign: { readonly sentMs: number; readonly holdsMs: number } | null = null;
  history.leans.set(id, { guest, lease: id, lengthMs, sign: () => sign });
  const endMs = world.nowMs + leanMs;
  const ask = (): void => {
    if (cluster.calm || world.nowMs > endMs) return;
    world.after(leanEveryMs, ask);
    const sentMs = world.nowMs;
    host.ask((asked) => {
      asked.keepAlive([id], true, {
        left: ([leftMs = 0]) => {
          if (leftMs > 0) sign = { sentMs, holdsMs: leftMs };
        },
        failed: () => {},
      });
    });
  };
  ask();
}

/** Acts as soon as another one leads. */
function whenNext(
  cluster: Cluster,
  before: Machine,
  forMs: number,
  act: (next: Machine) => void,
): void {
  const { world, checkers } = cluster;
  const { counts } = checkers;
  const endMs = world.nowMs + forMs;
  let known = counts.elections;
  const look = (): void => {
    if (cluster.calm || world.nowMs > endMs) return;
    world.after(lookMs, look);
    // To ask a node costs it time, if it is a slow one.
    if (counts.elections === known) return;
    known = counts.elections;
    const leader = cluster.leader();
    if (leader !== null && leader !== before) act(leader);
  };
  look();
}
