import { status } from '../complaint.ts';
import type { Verb } from '../verb.ts';

export const rev: Verb = {
  name: 'rev',
  args: [],
  summary: 'print the current revision',
  help: 'Prints how many operations the cluster has taken. With -json: {"revision": REV}.',
  run: async ({ connect, print }) => {
    const client = await connect();
    const revision = await client.rev();
    await print(`${revision}\n`, { revision });
    return status.done;
  },
};
