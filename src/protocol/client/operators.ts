import {
  type Alarm,
  type LogIndex,
  type LogLevel,
  limits,
  logIndex,
  logLevels,
  type NodeId,
} from '../../base/index.ts';
import type { Field, Tuple } from './tuple.ts';

/** What operators ask a node, from version 3 on. */
export type OperatorRequest =
  | { readonly kind: 'health'; readonly tag: number }
  /** Leadership goes to `to`, or to the best voter. Only the leader does it. */
  | { readonly kind: 'transfer'; readonly tag: number; readonly to: NodeId | null }
  /** How much this process logs from now on; `null`: only the question. */
  | { readonly kind: 'logLevel'; readonly tag: number; readonly level: LogLevel | null };

/** A member, as one node knows it. */
export type MemberHealth = {
  readonly id: NodeId;
  readonly address: string;
  /** `parked`: a spare that votes again only if a slot names it. */
  readonly part: 'voter' | 'spare' | 'parked';
  /** The slot in which it stands, as the tree of this node has it; `null`: in none. */
  readonly slot: string | null;
  /** Since anything was heard of it; 0 for this node itself, `null`: not known. */
  readonly silentMs: number | null;
  /** How far its log is known to go; only a leader knows it of others. */
  readonly matchedIndex: LogIndex | null;
};

/** How a node is, beyond its report. */
export type NodeHealth = {
  readonly clusterName: string;
  readonly uptimeMs: number;
  readonly logLevel: LogLevel;
  /** Newest version of the native protocol it speaks. */
  readonly protocol: number;
  /** A member is being added, promoted, or taken away. */
  readonly changePending: boolean;
  /** A state of this node that it may show to others. */
  readonly serves: boolean;
  readonly members: readonly MemberHealth[];
  /** Slots that nobody stands in. */
  readonly emptySlots: readonly string[];
  readonly alarms: readonly Alarm[];
  /** Bytes that the disk has left, and that the data folder takes; `null`: nobody can say. */
  readonly diskFreeBytes: number | null;
  readonly dataBytes: number | null;
};

const parts = ['voter', 'spare', 'parked'] as const satisfies readonly MemberHealth['part'][];

/** Kept in their order for ever; later versions append. */
export const healthFields = (h: NodeHealth): Field => [
  h.clusterName,
  h.uptimeMs,
  logLevels.indexOf(h.logLevel),
  h.protocol,
  h.changePending,
  h.serves,
  h.members.map(
    (m): Field => [m.id, m.address, parts.indexOf(m.part), m.slot, m.silentMs, m.matchedIndex],
  ),
  h.emptySlots,
  h.alarms.map((a): Field => [a.name, a.cause, a.next]),
  h.diskFreeBytes,
  h.dataBytes,
];

export function readHealth(t: Tuple): NodeHealth {
  const health = {
    clusterName: t.text(),
    uptimeMs: t.whole(),
    logLevel: readLevel(t),
    protocol: t.whole(),
    changePending: t.flag(),
    serves: t.flag(),
    members: t.list(readMember),
    emptySlots: t.texts(),
    alarms: t.list(readAlarm),
    diskFreeBytes: t.wholeOrNull(),
    dataBytes: t.wholeOrNull(),
  };
  if (health.members.length > 2 * limits.membersMax) t.fail('names too many members');
  t.end();
  return health;
}

export const levelFields = (level: LogLevel | null): Field =>
  level === null ? null : logLevels.indexOf(level);

export const readLevel = (t: Tuple): LogLevel =>
  logLevels[t.whole()] ?? t.fail(`is no level: ${logLevels.join(', ')}`);

export function readLevelOrNull(t: Tuple): LogLevel | null {
  const number = t.wholeOrNull();
  if (number === null) return null;
  return logLevels[number] ?? t.fail(`is no level: ${logLevels.join(', ')}`);
}

function readMember(t: Tuple): MemberHealth {
  const [id, address] = [t.nodeId(), t.text()];
  const part = parts[t.whole()] ?? t.fail(`is no part of a member: ${parts.join(', ')}`);
  const [slot, silentMs, matched] = [t.textOrNull(), t.wholeOrNull(), t.wholeOrNull()];
  t.end();
  const matchedIndex = matched === null ? null : logIndex(matched);
  return { id, address, part, slot, silentMs, matchedIndex };
}

function readAlarm(t: Tuple): Alarm {
  const alarm = { name: t.text(), cause: t.text(), next: t.text() };
  t.end();
  return alarm;
}
