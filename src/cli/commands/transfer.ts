import { Complaint, status } from '../complaint.ts';
import { handOver, isSilent, leadersView, memberNamed } from '../operators/members.ts';
import { targetHelp } from '../operators/target-help.ts';
import type { Verb } from '../verb.ts';

export const transfer: Verb = {
  name: 'transfer',
  args: ['[node]'],
  summary: 'let another voter lead',
  help: `Hands leadership to <node>, or to the voter that is furthest, and waits until it leads. Requests wait a moment; none
is lost.

${targetHelp}
With -json: {"leader": ID, "before": ID, "term": TERM}.`,
  run: async (context, [text = null]) => {
    const before = await leadersView(context);
    const target = text === null ? null : memberNamed(text, before.members);
    if (target !== null && target.part !== 'voter') {
      throw new Complaint(`Error: ${target.id} does not vote; only a voter can lead`);
    }
    if (target !== null && target.id !== before.nodeId && isSilent(target) && !context.isForced) {
      throw new Complaint(
        `Error: ${target.id} at ${target.address} is silent; -force tries it all the same`,
      );
    }
    const isDone = target?.id === before.nodeId;
    const after = isDone ? before : await handOver(context, before.nodeId, target?.id ?? null);
    const leader = after.leader ?? before.nodeId;
    await context.print(`${leader} leads${isDone ? ' already' : ''}\n`, {
      leader,
      before: before.nodeId,
      term: after.term,
    });
    return status.done;
  },
};
