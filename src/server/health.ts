import { type Alarm, isVoter, limits, membersOf, type NodeId, textOf } from '../base/index.ts';
import type { NodeHandle, NodeStatus } from '../node/index.ts';
import { slotPath, slotsFolder } from '../paths/index.ts';
import type { Host } from '../ports/index.ts';
import { type MemberHealth, type NodeHealth, nativeProtocol } from '../protocol/client/index.ts';
import { children, fileAt, type View } from '../tree/index.ts';

/** What `health` answers with. Without a host (nothing of this process is known) it says so. */
export function healthOf(node: NodeHandle, host: Host | null): NodeHealth {
  const status = node.status();
  const slots = slotsOf(node.view());
  const disk = host?.disk() ?? { freeBytes: null, dataBytes: null };
  return {
    clusterName: status.clusterName,
    uptimeMs: Math.round(host?.uptimeMs() ?? 0),
    logLevel: host?.logLevel() ?? 'info',
    protocol: nativeProtocol.newest,
    changePending: status.raft.changePending,
    serves: node.serves(),
    members: membersHealth(status, slots.holders),
    emptySlots: slots.empty,
    alarms: (host?.alarms.standing ?? []).map(shortened),
    diskFreeBytes: disk.freeBytes,
    dataBytes: disk.dataBytes,
  };
}

const wordsMax = 1000;

/** An answer has a bound, whatever stands in an alarm. */
const shortened = ({ name, cause, next }: Alarm): Alarm => ({
  name,
  cause: cause.slice(0, wordsMax),
  next: next.slice(0, wordsMax),
});

export type Slots = {
  readonly holders: ReadonlyMap<string, string>;
  readonly empty: readonly string[];
};

/** Slots as this node's tree has them, as many as there may be voters; guests may make more. */
export function slotsOf(view: View): Slots {
  const holders = new Map<string, string>();
  const empty: string[] = [];
  for (const name of children(view, slotsFolder)) {
    const file = fileAt(view, slotPath(name));
    if (file === null) continue;
    const holder = textOf(file.body);
    if (holder !== '') holders.set(holder, name);
    else empty.push(name);
    if (holders.size + empty.length >= limits.membersMax) break;
  }
  return { holders, empty };
}

function membersHealth(
  status: NodeStatus,
  holders: ReadonlyMap<string, string>,
): readonly MemberHealth[] {
  const { membership, progress } = status.raft;
  const silentMs = new Map(status.peers.map((peer) => [peer.id, peer.silentMs]));
  const matched = new Map(progress.map((follower) => [follower.id, follower.matched]));
  const partOf = (id: NodeId): MemberHealth['part'] => {
    if (isVoter(membership, id)) return 'voter';
    return membership.parked.includes(id) ? 'parked' : 'spare';
  };
  return membersOf(membership).map((id) => {
    const silent = id === status.id ? 0 : (silentMs.get(id) ?? null);
    return {
      id,
      address: membership.addresses.get(id) ?? '',
      part: partOf(id),
      slot: holders.get(id) ?? null,
      silentMs: silent === null ? null : Math.round(silent),
      matchedIndex: id === status.id ? status.raft.last.index : (matched.get(id) ?? null),
    };
  });
}
