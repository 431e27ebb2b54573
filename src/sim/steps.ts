// What each step of a plan does to a cluster.
import { unreachable } from '../base/index.ts';
import { slotPath } from '../paths/index.ts';
import type { Cluster } from './cluster.ts';
import { lastHolder } from './last-holder.ts';
import type { Machine } from './machine.ts';
import { shapeOf } from './net/shapes.ts';
import type { Step } from './plan.ts';
import { flood, strand } from './strand.ts';

export function carryOut(cluster: Cluster, step: Step): void {
  if (cluster.calm) return;
  const { world } = cluster;
  world.say(() => `-- ${step.kind} ${step.forMs} ms`);
  const machine = cluster.victim(step.who);
  switch (step.kind) {
    case 'crash':
    case 'powerCut':
    case 'blackout':
    case 'pause':
    case 'freeze':
    case 'terminate':
    case 'silence':
    case 'jumpClock':
      return toProcess(cluster, machine, step);
    case 'partition':
    case 'heal':
    case 'clog':
    case 'reset':
    case 'resetGuests':
      return toNet(cluster, machine, step);
    case 'failRead':
    case 'failWrite':
    case 'failSync':
    case 'full':
      return toDisk(cluster, machine, step);
    case 'rot':
    case 'rotTail':
    case 'misdirect':
    case 'loseName':
    case 'truncateSnapshot':
    case 'loseFolder':
      return destroy(cluster, step.kind, step);
    case 'attach':
    case 'addSlot':
    case 'emptySlot':
    case 'deleteSlot':
    case 'nameSlot':
    case 'scribble':
      return toSlots(cluster, step);
    case 'promote':
    case 'demote':
    case 'remove':
    case 'replace':
    case 'transfer':
      return toMembers(cluster, machine, step);
    case 'strand':
      return strand(cluster, machine, step);
    case 'lastHolder':
      return lastHolder(cluster, step, (bad) => rotTail(cluster, bad));
    case 'flood':
      return flood(cluster, step);
    default:
      return unreachable(step.kind);
  }
}

function toProcess(cluster: Cluster, machine: Machine, step: Step): void {
  const { happened, world, touched } = cluster;
  touched.add(machine);
  switch (step.kind) {
    case 'powerCut':
      happened.powerCuts++;
      machine.cutPower();
      return cluster.startLater(machine, step.forMs);
    case 'blackout':
      happened.blackouts++;
      for (const each of cluster.machines) touched.add(each);
      for (const [i, each] of cluster.machines.entries()) {
        if (each.state === 'down') continue;
        world.after((step.choice >> i) % 7, () => each.cutPower());
        cluster.startLater(each, 10 + ((step.choice >> (2 * i)) % (step.forMs + 1)));
      }
      return;
    case 'pause':
    case 'freeze':
      happened.pauses++;
      machine.pause(step.kind === 'freeze');
      world.after(step.forMs, () => machine.resume());
      return;
    case 'terminate':
      machine.terminate();
      // A new process takes the old one's place once it is gone: that one's end starts it.
      if (machine.state === 'down') cluster.startLater(machine, step.forMs);
      return;
    case 'silence': {
      happened.crashes++;
      machine.kill();
      const { silenceMs } = cluster.plan.shape;
      return cluster.startLater(machine, Math.max(step.forMs, 2 * silenceMs + 500));
    }
    case 'jumpClock':
      cluster.clocksJumped = true;
      return machine.jumpClock(step.choice % 20_000);
    default:
      happened.crashes++;
      machine.kill();
      return cluster.startLater(machine, step.forMs);
  }
}

function toNet(cluster: Cluster, machine: Machine, step: Step): void {
  const { net, happened, world } = cluster;
  cluster.netTouched = true;
  const addresses = cluster.machines.map(({ address }) => address);
  const other = addresses[step.choice % addresses.length] as string;
  switch (step.kind) {
    case 'partition': {
      happened.partitions++;
      const shape = shapeOf(addresses, step.choice, machine.address);
      for (const [from, to] of shape) net.block(from, to);
      world.after(step.forMs, () => {
        for (const [from, to] of shape) net.unblock(from, to);
      });
      return;
    }
    case 'heal':
      return net.healAll();
    case 'clog':
      return net.clog(machine.address, other, step.forMs);
    case 'reset':
      happened.resets++;
      return net.reset(
        machine.address,
        other,
        (['both', 'a', 'b'] as const)[step.choice % 3] ?? 'a',
      );
    default:
      happened.resets++;
      return net.resetGuests(machine.address);
  }
}

function toDisk(cluster: Cluster, machine: Machine, step: Step): void {
  const { happened, world } = cluster;
  const { disk } = machine;
  cluster.trouble(machine);
  cluster.touched.add(machine);
  if (step.kind === 'full') {
    happened.diskFull++;
    const used = disk.files().reduce((sum, { bytes }) => sum + bytes, 0);
    disk.setCapacity(used + (step.choice % 20_000));
    world.after(step.forMs, () => disk.setCapacity(null));
    return;
  }
  happened.diskErrors++;
  disk.failNext(step.kind === 'failRead' ? 'read' : step.kind === 'failWrite' ? 'write' : 'sync');
}

const destroyingFaults = {
  rot: 'rot',
  rotTail: 'rot',
  misdirect: 'misdirected write',
  loseName: 'lost name',
  truncateSnapshot: 'cut snapshot',
  loseFolder: 'lost folder',
} as const;

/** Only the disk that is bad in this run, and only while others hold all that was acknowledged. */
function destroy(
  cluster: Cluster,
  kind: keyof typeof destroyingFaults,
  { forMs, choice }: Step,
): void {
  const { bad } = cluster.plan.shape;
  const machine = bad === null ? undefined : cluster.machines[bad];
  if (machine === undefined) return;
  const { disk } = machine;
  switch (kind) {
    case 'rot':
      spoil(cluster, machine, kind, () => disk.rot());
      return;
    case 'rotTail': {
      if (!rotTail(cluster, machine)) return;
      // Found out at the next start, which comes at once; now and then everybody's.
      for (const each of choice % 4 === 0 ? cluster.machines : [machine]) {
        if (each.state === 'down') continue;
        each.cutPower();
        cluster.startLater(each, 10 + ((choice >> 4) % 200));
      }
      return;
    }
    case 'misdirect':
      spoil(cluster, machine, kind, () => {
        disk.misdirectNext();
        return kind;
      });
      return;
    case 'loseName':
      spoil(cluster, machine, kind, () => disk.loseName());
      return;
    case 'truncateSnapshot':
      spoil(cluster, machine, kind, () => disk.truncateSnapshot());
      return;
    case 'loseFolder':
      spoil(cluster, machine, kind, () => {
        machine.kill();
        machine.loseFolder();
        cluster.happened.foldersLost++;
        cluster.startLater(machine, forMs);
        return kind;
      });
      return;
  }
}

const rotTail = (cluster: Cluster, machine: Machine): boolean =>
  spoil(cluster, machine, 'rotTail', () => machine.disk.rotTail());

/** @param act  what it did, for people; `null`: there was nothing to spoil. */
function spoil(
  cluster: Cluster,
  machine: Machine,
  kind: keyof typeof destroyingFaults,
  act: () => string | null,
): boolean {
  if (cluster.verdict(machine, destroyingFaults[kind]) !== 'survive') return false;
  cluster.trouble(machine);
  for (const each of cluster.machines) cluster.touched.add(each);
  const what = act();
  if (what === null) return false;
  cluster.world.say(() => `${machine.name} ${what}`);
  cluster.happened.rots++;
  cluster.hit(machine);
  return true;
}

// --- people ---------------------------------------------------------------------------------------

function toSlots(cluster: Cluster, step: Step): void {
  const slot = slotPath(`${step.choice % 6}`);
  switch (step.kind) {
    case 'attach': {
      const machine = cluster.addMachine();
      if (machine === null) return;
      cluster.happened.attaches++;
      cluster.start(machine);
      if (step.choice % 3 === 0) killSoon(cluster, machine, (step.choice >> 4) % 60);
      return;
    }
    case 'addSlot':
      return cluster.attempt((client) => client.set(slot, '', 0));
    case 'emptySlot':
      cluster.operatorShrinks = true;
      return cluster.attempt((client) => client.set(slot, '', -1));
    case 'deleteSlot':
      cluster.operatorShrinks = true;
      return cluster.attempt((client) => client.delete(slot, -1));
    case 'nameSlot': {
      cluster.operatorShrinks = true;
      const id = cluster.machines[step.choice % cluster.machines.length]?.id ?? 'NOBODY';
      return cluster.attempt((client) => client.set(slot, id, -1));
    }
    default: {
      cluster.happened.scribbles++;
      cluster.operatorShrinks = true;
      const id = cluster.machines[step.choice % cluster.machines.length]?.id ?? 'NOBODY';
      const path = scribbled(id)[step.choice % scribbled(id).length] as string;
      return cluster.attempt((client) =>
        step.choice % 5 === 0
          ? client.delete(path, -1)
          : client.set(path, `scribble ${step.atMs}`, -1),
      );
    }
  }
}

/** In the middle of a beginning or an end; started again at once. */
function killSoon(cluster: Cluster, machine: Machine, ms: number): void {
  const { world, touched } = cluster;
  touched.add(machine);
  world.after(ms, () => {
    if (machine.state === 'down') return;
    if (ms % 2 === 0) machine.kill();
    else machine.cutPower();
    cluster.startLater(machine, ms);
  });
}

const scribbled = (id: string): string[] => [
  '/ctl/err',
  '/ctl/name',
  '/ctl/cal/0',
  '/ctl/cal/x',
  '/ctl/cal/1/2',
  `/ctl/node/${id}/addr`,
  `/ctl/node/${id}/writable`,
  `/ctl/node/${id}/state`,
  `/ctl/node/${id}`,
  '/ctl/node/NOBODY/applied',
  '/ctl/ns/sim/NOBODY',
  '/ctl/x',
];

function toMembers(cluster: Cluster, machine: Machine, step: Step): void {
  const { id } = machine;
  const leader = cluster.leader();
  if (step.kind === 'transfer') {
    const node = leader?.node ?? null;
    if (leader === null || node === null) return;
    cluster.happened.operatorChanges++;
    const to = step.choice % 2 === 0 || id === leader.id ? null : id;
    node.transferLeadership(to).catch(() => {});
    return;
  }
  if (id === null) return;
  cluster.operatorShrinks = true;
  switch (step.kind) {
    case 'promote':
      return cluster.attempt((client) => client.changeMembership({ kind: 'promote', id }, null));
    case 'demote': {
      const park = step.choice % 2 === 0;
      return cluster.attempt((client) =>
        client.changeMembership({ kind: 'demote', id, park }, null),
      );
    }
    case 'remove':
      // While it sets its data aside and comes back as another.
      if (step.choice % 3 === 0) killSoon(cluster, machine, (step.choice >> 4) % 400);
      return cluster.attempt((client) => client.changeMembership({ kind: 'remove', id }, null));
    default: {
      const other = cluster.machines[step.choice % cluster.machines.length]?.id ?? null;
      if (other === null || other === id) return;
      const keep = step.choice % 2 === 0;
      return cluster.attempt((client) =>
        client.changeMembership({ kind: 'replace', out: id, in: other, keep }, null),
      );
    }
  }
}
