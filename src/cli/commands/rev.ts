import { status } from '../complaint.ts';
import type { Verb } from '../verb.ts';

export const rev: Verb = {
  name: 'rev',
  args: [],
  summary: 'print the current revision',
  help: 'Prints how many operations the cluster has taken.',
  run: async ({ connect, terminal }) => {
    const client = await connect();
    await terminal.write(`${await client.rev()}\n`);
    return status.done;
  },
};
