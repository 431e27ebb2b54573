import { type ClusterStatus, clusterStatusOf, type Verdict } from '../operators/cluster-status.ts';
import { survey } from '../operators/survey.ts';
import { bytesText, columns, spanText } from '../operators/table.ts';
import type { Verb } from '../verb.ts';

const statusFor = { healthy: 0, degraded: 1, unhealthy: 2 } as const satisfies Record<
  Verdict,
  number
>;

export const clusterStatus: Verb = {
  name: 'status',
  args: [],
  summary: 'print how the cluster is',
  help: `Asks all members at once how they are, each for two seconds at most, and prints the leader, every member and
what is the matter. Status 0: healthy. 1: it works, and somebody should look: a member does not answer, a slot is empty,
an alarm stands. 2: nobody leads, so that nothing can be written, or no node answers.

  LAG    entries a member is behind what is committed
  HEARD  how long ago the leader heard of it
  FREE   what its disk has left; DATA: what its data folder takes

With -json: one object with "cluster", "verdict", "why", "leader", "term", "commitIndex", "revision", "changePending",
"emptySlots" and "members".`,
  run: async (context) => {
    const found = clusterStatusOf(await survey(context));
    await context.print(textOf(found), found);
    return statusFor[found.verdict];
  },
};

function textOf(it: ClusterStatus): string {
  const leader = it.members.find(({ node }) => node === it.leader);
  const led = leader === undefined ? 'no leader' : `led by ${leader.node} at ${leader.address}`;
  const pending = it.changePending ? ', members are changing' : '';
  const verdict = it.why.length === 0 ? it.verdict : `${it.verdict}: ${it.why.join('; ')}`;
  const head = `cluster ${it.cluster} is ${verdict}
${led}, term ${it.term}, commit ${it.commitIndex}, revision ${it.revision}${pending}
`;
  const titles = ['SLOT', 'NODE', 'ADDRESS', 'PART', 'STATE', 'LAG', 'HEARD', 'UP', 'FREE', 'DATA'];
  const rows = it.members.map((member) => [
    member.slot ?? '-',
    member.node,
    member.address,
    member.part,
    member.state,
    member.lag === null ? '-' : String(member.lag),
    spanText(member.silentMs),
    spanText(member.uptimeMs),
    bytesText(member.diskFreeBytes),
    bytesText(member.dataBytes),
    member.version ?? member.reason ?? '-',
  ]);
  const alarms = it.members.flatMap(({ node, alarms: all }) =>
    all.map(({ name, cause, next }) => `\n${node} ${name}: ${cause}\n  next: ${next}\n`),
  );
  return `${head}\n${columns([[...titles, 'VERSION'], ...rows])}${alarms.join('')}`;
}
