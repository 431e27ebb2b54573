// One who alone can tell the others what was acknowledged.
import type { Cluster } from './cluster.ts';
import type { Machine } from './machine.ts';
import { split } from './net/shapes.ts';
import type { Step } from './plan.ts';
import { visit, write } from './strand.ts';

/** After the power went, or the process. */
const restartMsMax = 120;

/**
 * A bare majority takes in writes that the others do not hear of. Then one of it starts again beside those
 * others, and the rest of it is away: what was acknowledged stands with that one alone, and it must be
 * elected, or hold up whoever would go on without it. If a bad disk is among the holders, it is the one
 * that starts again, and now and then its newest records are rotten.
 *
 * @param rots  spoils a machine's newest records, if that may be asked of the cluster.
 */
export function lastHolder(
  cluster: Cluster,
  step: Step,
  rots: (machine: Machine) => boolean,
): void {
  const { world, net, happened, plan, checkers } = cluster;
  const leader = cluster.leader();
  const voters = checkers.votersInForce().at(-1) ?? [];
  const there = cluster.machines.filter(
    ({ id, isUp }) => isUp && id !== null && voters.includes(id),
  );
  const awayCount = Math.ceil(voters.length / 2) - 1;
  if (leader === null || there.length < voters.length || awayCount < 1) return;
  const { choice } = step;
  const bad = plan.shape.bad === null ? null : (cluster.machines[plan.shape.bad] ?? null);
  const others = there.filter((machine) => machine !== leader);
  const turned = [
    ...others.slice(choice % others.length),
    ...others.slice(0, choice % others.length),
  ];
  // The bad one is kept among those that hold what is written.
  const behind = turned.filter((machine) => machine !== bad).slice(0, awayCount);
  const holders = there.filter((machine) => !behind.includes(machine));
  const one =
    bad !== null && holders.includes(bad)
      ? bad
      : (holders[(choice >> 4) % holders.length] as Machine);
  // Of an even number of voters two stay: one alone and those behind are no majority.
  const staying = Math.floor(voters.length / 2) + 1 - behind.length;
  const rest = holders.filter((machine) => machine !== one).slice(staying - 1);
  happened.partitions += 2;
  cluster.netTouched = true;
  const addresses = cluster.machines.map(({ address }) => address);
  const cut = (side: readonly Machine[], forMs: number): void => {
    const shape = split(
      addresses,
      side.map(({ address }) => address),
      'both',
    );
    for (const [from, to] of shape) net.block(from, to);
    world.after(forMs, () => {
      for (const [from, to] of shape) net.unblock(from, to);
    });
  };
  const { electionTimeoutTicks, tickMs } = plan.shape.timing;
  const electionMs = electionTimeoutTicks * tickMs;
  // Shorter or longer than it takes them to ask for votes.
  const aloneMs = 20 + ((choice >> 6) % electionMs);
  cut(behind, aloneMs);
  write(leader, 1 + ((choice >> 16) % 6));
  visit(cluster, leader, ['overwrite', 'get']);
  world.after(aloneMs, () => {
    if (cluster.calm || one.state === 'down') return;
    cut(rest, 3 * electionMs + (step.forMs % 1000));
    cluster.touched.add(one);
    const isRotten = one === bad && (choice >> 20) % 2 === 0 && rots(one);
    if (isRotten || (choice >> 21) % 3 > 0) {
      happened.powerCuts++;
      one.cutPower();
    } else {
      happened.crashes++;
      one.kill();
    }
    cluster.startLater(one, (choice >> 23) % restartMsMax);
  });
}
