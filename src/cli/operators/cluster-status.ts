import type { Alarm } from '../../base/index.ts';
import type { Answer, Survey } from './survey.ts';
import { healthsOf } from './survey.ts';

/** `unhealthy`: nobody leads, so nothing is written. `degraded`: it works, and somebody should look. */
export type Verdict = 'healthy' | 'degraded' | 'unhealthy';

export type MemberStatus = {
  readonly node: string;
  readonly address: string;
  readonly part: 'leader' | 'voter' | 'spare' | 'parked';
  readonly slot: string | null;
  /** `joining`, `ready`, `draining`, `removed`, `stopped`, or `no answer`. */
  readonly state: string;
  /** Why it did not answer. */
  readonly reason: string | null;
  readonly version: string | null;
  /** Entries it is behind the commit of whoever is furthest; `null`: not known. */
  readonly lag: number | null;
  /** Since the leader, or else whoever answered, heard of it; `null`: not known. */
  readonly silentMs: number | null;
  readonly diskFreeBytes: number | null;
  readonly dataBytes: number | null;
  readonly uptimeMs: number | null;
  readonly logLevel: string | null;
  readonly alarms: readonly Alarm[];
};

export type ClusterStatus = {
  readonly cluster: string;
  readonly verdict: Verdict;
  /** Why it is not healthy, each in a few words. */
  readonly why: readonly string[];
  readonly leader: string | null;
  readonly term: number;
  readonly commitIndex: number;
  readonly revision: number;
  readonly changePending: boolean;
  readonly emptySlots: readonly string[];
  readonly members: readonly MemberStatus[];
};

/** The cluster as all that answered show it. */
export function clusterStatusOf({ best, answers }: Survey): ClusterStatus {
  const healths = healthsOf(answers);
  const commitIndex = Math.max(...healths.map((health) => health.commitIndex));
  const leads = best.role === 'leader';
  const members = best.members.map((member): MemberStatus => {
    const answer = answerOf(answers, member);
    const own = answer.kind === 'health' ? answer.health : null;
    const index = own?.appliedIndex ?? member.matchedIndex;
    return {
      node: member.id,
      address: member.address,
      part: leads && member.id === best.nodeId ? 'leader' : member.part,
      slot: member.slot,
      state: own?.life ?? 'no answer',
      reason: answer.kind === 'none' ? answer.reason : null,
      version: own?.version ?? null,
      lag: index === null ? null : Math.max(0, commitIndex - index),
      silentMs: member.silentMs,
      diskFreeBytes: own?.diskFreeBytes ?? null,
      dataBytes: own?.dataBytes ?? null,
      uptimeMs: own?.uptimeMs ?? null,
      logLevel: own?.logLevel ?? null,
      alarms: own?.alarms ?? [],
    };
  });
  members.sort(bySlot);
  const why = reasons(leads, members, best.emptySlots);
  return {
    cluster: best.clusterName,
    verdict: verdictOf(leads, why),
    why,
    leader: leads ? best.nodeId : null,
    term: best.term,
    commitIndex,
    revision: Math.max(...healths.map((health) => health.revision)),
    changePending: best.changePending,
    emptySlots: best.emptySlots,
    members,
  };
}

/** At an address of old somebody else may answer. */
function answerOf(
  answers: ReadonlyMap<string, Answer>,
  member: { readonly id: string; readonly address: string },
): Answer {
  const answer = answers.get(member.address) ?? { kind: 'none', reason: 'not asked' };
  if (answer.kind === 'none' || answer.health.nodeId === member.id) return answer;
  return { kind: 'none', reason: `${answer.health.nodeId} answers there` };
}

function verdictOf(leads: boolean, why: readonly string[]): Verdict {
  if (!leads) return 'unhealthy';
  return why.length === 0 ? 'healthy' : 'degraded';
}

function reasons(
  leads: boolean,
  members: readonly MemberStatus[],
  emptySlots: readonly string[],
): string[] {
  const silent = members.filter(({ reason }) => reason !== null);
  const other = members.filter(({ reason, state }) => reason === null && state !== 'ready');
  const alarming = members.filter(({ alarms }) => alarms.length > 0);
  return [
    ...(leads ? [] : ['nobody who answers leads']),
    ...silent.map(({ node }) => `${node} does not answer`),
    ...other.map(({ node, state }) => `${node} is ${state}`),
    ...emptySlots.map((slot) => `slot ${slot} is empty`),
    ...alarming.map(
      ({ node, alarms }) => `${node} has ${alarms.map(({ name }) => name).join(', ')}`,
    ),
  ];
}

const bySlot = (a: MemberStatus, b: MemberStatus): number => {
  if (a.slot === null || b.slot === null)
    return (a.slot === null ? 1 : 0) - (b.slot === null ? 1 : 0);
  const [x, y] = [Number(a.slot), Number(b.slot)];
  return Number.isFinite(x) && Number.isFinite(y) ? x - y : a.slot < b.slot ? -1 : 1;
};
