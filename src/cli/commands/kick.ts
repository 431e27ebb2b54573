import { ClusterError } from '../../base/index.ts';
import { Complaint, status } from '../complaint.ts';
import {
  checkQuorum,
  handOver,
  leadersView,
  type Member,
  memberNamed,
  noteIfTwo,
  votersOf,
  waitUntil,
} from '../operators/members.ts';
import { targetHelp } from '../operators/target-help.ts';
import type { Verb, VerbContext } from '../verb.ts';

export const kick: Verb = {
  name: 'kick',
  args: ['node'],
  summary: 'take a member out of the cluster',
  help: `Removes a member, and waits until it is gone. Its slot is empty then: the next spare that keeps up takes it; to
want fewer voters, demote it first. A leader hands over before. A process that still runs with that folder comes back as
a spare under a new id: stop it first, or after.

Refused when too few of the voters that stay answer; -force tries it all the same, and the cluster may still refuse.

${targetHelp}
With -json: {"kicked": ID, "address": ADDRESS, "emptySlot": SLOT or null, "voters": COUNT}.`,
  run: async (context, [text = '']) => {
    const before = await leadersView(context);
    const target = memberNamed(text, before.members);
    const staying = votersOf(before).filter(({ id }) => id !== target.id);
    if (target.part === 'voter') checkQuorum(`kick ${target.id}`, staying, context.isForced);
    if (target.id === before.nodeId) await handOver(context, before.nodeId, null);
    await remove(context, target);
    const after = await waitUntil(
      context,
      `the removal of ${target.id}`,
      (health) => !health.changePending && !health.members.some(({ id }) => id === target.id),
    );
    const voters = votersOf(after).length;
    const slot = target.slot === null ? '' : `; slot ${target.slot} is empty`;
    await context.print(`${target.id} at ${target.address} is out${slot}\n`, {
      kicked: target.id,
      address: target.address,
      emptySlot: target.slot,
      voters,
    });
    if (target.part === 'voter') noteIfTwo(context, voters);
    return status.done;
  },
};

/** Whether an outcome that is unknown came about shows afterwards. */
async function remove(context: VerbContext, { id }: Member): Promise<void> {
  const client = await context.connect();
  try {
    await client.changeMembership({ kind: 'remove', id }, null);
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    if (error.code === 'ERR_MEMBERSHIP_REFUSED' && error.message.includes('changePending')) {
      throw new Complaint('Error: another change of members is under way; try again');
    }
    if (error.effect === 'none') throw error;
  }
}
