import { Complaint, status } from '../complaint.ts';
import {
  checkQuorum,
  isVoterIn,
  leadersView,
  memberNamed,
  noteIfTwo,
  votersOf,
  waitUntil,
} from '../operators/members.ts';
import { targetHelp } from '../operators/target-help.ts';
import type { Verb } from '../verb.ts';

export const demote: Verb = {
  name: 'demote',
  args: ['node'],
  summary: 'take the vote from a member',
  help: `Deletes the slot that a voter holds, so that there is a voter less, and waits until it is a parked spare: it stays,
and votes again only if it is promoted. To have another one vote in its place: doozer promote OTHER SLOT. A leader hands
over first.

Refused when too few of the voters that stay answer; -force tries it all the same, and the cluster may still refuse.

${targetHelp}
With -json: {"demoted": ID, "address": ADDRESS, "slot": SLOT, "voters": COUNT}.`,
  run: async (context, [text = '']) => {
    const before = await leadersView(context);
    const target = memberNamed(text, before.members);
    const { address, id, slot } = target;
    if (target.part !== 'voter') throw new Complaint(`Error: ${id} does not vote`, status.not);
    if (slot === null) {
      throw new Complaint(`Error: ${id} holds no slot, so its vote is being taken from it already`);
    }
    const staying = votersOf(before).filter((voter) => voter.id !== id);
    checkQuorum(`demote ${id}`, staying, context.isForced);
    const client = await context.connect();
    const path = `/ctl/cal/${slot}`;
    const held = await client.get(path);
    if (held === null || Buffer.from(held.body).toString() !== id) {
      throw new Complaint(`Error: slot ${slot} is not held by ${id} any more; try again`);
    }
    await client.delete(path, held.revision);
    const after = await waitUntil(
      context,
      `the demotion of ${id}`,
      (health) => !health.changePending && !isVoterIn(health, id),
    );
    const voters = votersOf(after).length;
    await context.print(`${id} at ${address} is a spare; slot ${slot} is gone\n`, {
      demoted: id,
      address,
      slot,
      voters,
    });
    noteIfTwo(context, voters);
    return status.done;
  },
};
