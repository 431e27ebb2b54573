// A guest comes, does what it came for, and goes.
import type { Cluster } from '../cluster.ts';
import type { Process } from '../process.ts';
import { runCallerErrands } from './caller-guest.ts';
import { Desk } from './desk.ts';
import { followByWait, runDoozerErrands } from './doozer-guest.ts';
import type { Errand, GuestPlan } from './errands.ts';
import { runErrands } from './library-guest.ts';
import { takeTurns } from './locker-guest.ts';
import { watchOn } from './watcher-guest.ts';

export type SendParts = {
  readonly cluster: Cluster;
  readonly plan: GuestPlan;
  readonly process: Process;
  readonly fail: (error: unknown) => void;
};

/** Resolves when it has its answers; one who only watches has none to wait for. */
export async function sendGuest(
  { cluster, plan, process, fail }: SendParts,
  errands: Iterable<Errand>,
): Promise<void> {
  const { history, net, machines, world } = cluster;
  const { name, sessionLengthMs } = plan;
  const chance = world.chance(`guest ${name}`);
  const desk = new Desk(name, history);
  const over = (): boolean => cluster.calm;
  switch (plan.kind) {
    case 'library': {
      const options = { sessionLengthMs, requestTimeoutMs: plan.patienceMs };
      const client = cluster.client(process, name, options);
      const cutOff = (forMs: number): void => {
        if (over()) return;
        cluster.happened.guestsCutOff++;
        net.cutOff(process, forMs);
      };
      await runErrands(desk, client, process, errands, cutOff);
      history.leaves(name);
      if (chance.below(2) === 0) await client.close();
      return endGuest(cluster, process);
    }
    case 'caller': {
      const parts = { desk, process, machines, chance, over };
      await runCallerErrands({ ...parts, sessionLengthMs: sessionLengthMs ?? 2000 }, errands);
      return endGuest(cluster, process);
    }
    case 'doozer':
      return runDoozerErrands({ desk, net, process, machines, chance }, errands);
    case 'watcher': {
      const client = cluster.client(process, name);
      watchOn({ name, history, client, process, chance, isCalm: over }).catch(fail);
      return;
    }
    case 'locker': {
      const options = { sessionLengthMs, requestTimeoutMs: plan.patienceMs };
      const client = cluster.client(process, name, options);
      const stall = (forMs: number): void => {
        cluster.happened.guestsStalled++;
        process.pause();
        world.after(forMs, () => process.resume(chance));
      };
      await takeTurns({ name, history, client, process, chance, stall, over });
      history.leaves(name);
      return endGuest(cluster, process);
    }
    case 'follower':
      return followByWait({ desk, net, process, machines, chance }, over);
  }
}

/** Killed: what it held it does not let go. */
export function endGuest({ net }: Cluster, process: Process): void {
  process.end();
  net.processEnded(process, 'reset');
}
