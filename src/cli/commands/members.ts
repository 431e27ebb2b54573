import { status } from '../complaint.ts';
import { survey } from '../operators/survey.ts';
import { columns } from '../operators/table.ts';
import type { Verb } from '../verb.ts';

export const members: Verb = {
  name: 'members',
  args: [],
  summary: 'print who belongs to the cluster',
  help: `Prints each member on a line: id, address, part (leader, voter, spare, parked) and slot, "-" for none. A parked
spare votes again only if it is promoted by name.

With -json, a line each: {"node": ID, "address": ADDRESS, "part": PART, "slot": SLOT or null}.`,
  run: async (context) => {
    const { print, isJson } = context;
    const { best } = await survey(context);
    const rows = best.members.map(({ id, address, part, slot }) => ({
      node: id,
      address,
      part: id === best.leader ? 'leader' : part,
      slot,
    }));
    if (isJson) for (const row of rows) await print('', row);
    else {
      const lines = rows.map((row) => [row.node, row.address, row.part, row.slot ?? '-']);
      await print(columns(lines), null);
    }
    return status.done;
  },
};
