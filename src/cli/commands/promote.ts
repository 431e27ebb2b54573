import type { Client, Health } from '../../client/index.ts';
import { Complaint, status } from '../complaint.ts';
import {
  checkQuorum,
  isSilent,
  isVoterIn,
  leadersView,
  type Member,
  memberNamed,
  noteIfTwo,
  votersOf,
  waitUntil,
} from '../operators/members.ts';
import { targetHelp } from '../operators/target-help.ts';
import type { Verb, VerbContext } from '../verb.ts';

const slotsFolder = '/ctl/cal';

export const promote: Verb = {
  name: 'promote',
  args: ['node', '[slot]'],
  summary: 'let a spare vote',
  help: `Names a spare in a slot under /ctl/cal, parked ones too, and waits until it votes. Without <slot>: in an empty one,
or else in a new one, so that there is a voter more. In a slot that a voter holds it takes that one's place, in one step:
the former holder becomes a parked spare.

Refused when the spare is silent, or when too few of the voters that there would be answer; -force tries it all the same.

${targetHelp}
With -json: {"promoted": ID, "address": ADDRESS, "slot": SLOT, "instead": ID or null, "voters": COUNT}.`,
  run: async (context, [text = '', wanted = null]) => {
    const before = await leadersView(context);
    const target = memberNamed(text, before.members);
    checkMayVote(context, target, before, wanted);
    const client = await context.connect();
    const slot = wanted ?? target.slot ?? (await freeSlot(client));
    const former = before.members.find((member) => member.slot === slot && member.id !== target.id);
    const others = votersOf(before).filter(({ id }) => id !== former?.id && id !== target.id);
    checkQuorum(`promote ${target.id}`, [...others, target], context.isForced);
    if (target.slot !== slot) {
      const path = `${slotsFolder}/${slot}`;
      const held = await client.stat(path);
      // What somebody wrote in there since is not written over.
      await client.set(path, target.id, held?.kind === 'file' ? held.revision : 0);
    }
    const after = await waitUntil(
      context,
      `the promotion of ${target.id}`,
      (health) =>
        !health.changePending &&
        isVoterIn(health, target.id) &&
        (former === undefined || !isVoterIn(health, former.id)),
    );
    const voters = votersOf(after).length;
    const instead = former === undefined ? '' : ` instead of ${former.id}`;
    await context.print(`${target.id} at ${target.address} votes in slot ${slot}${instead}\n`, {
      promoted: target.id,
      address: target.address,
      slot,
      instead: former?.id ?? null,
      voters,
    });
    noteIfTwo(context, voters);
    return status.done;
  },
};

function checkMayVote(
  context: VerbContext,
  target: Member,
  before: Health,
  wanted: string | null,
): void {
  if (wanted !== null && !/^[A-Za-z0-9._-]{1,64}$/.test(wanted)) {
    throw new Complaint(
      `Error: slot "${wanted}": a slot is a name such as 0, of up to 64 letters, digits, ".", "_", "-"`,
    );
  }
  if (isVoterIn(before, target.id) && (wanted === null || wanted === target.slot)) {
    throw new Complaint(
      `Error: ${target.id} votes already, in slot ${target.slot ?? 'none'}`,
      status.not,
    );
  }
  if (isVoterIn(before, target.id)) {
    throw new Complaint(
      `Error: ${target.id} votes in slot ${target.slot ?? 'none'}; demote it first`,
    );
  }
  if (!context.isForced && isSilent(target)) {
    throw new Complaint(
      `Error: ${target.id} at ${target.address} is silent, and would not be let vote; start it first (-force names it all the same)`,
    );
  }
}

/** An empty slot, or the first number that is none. */
async function freeSlot(client: Client): Promise<string> {
  const taken = new Set<string>();
  for await (const { path, body } of client.walk(`${slotsFolder}/*`)) {
    const name = path.slice(slotsFolder.length + 1);
    if (body.length === 0) return name;
    taken.add(name);
  }
  let number = 0;
  while (taken.has(String(number))) number++;
  return String(number);
}
