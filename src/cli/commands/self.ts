import { status } from '../complaint.ts';
import type { Verb } from '../verb.ts';

export const self: Verb = {
  name: 'self',
  args: [],
  summary: 'print the id of the node that answers',
  help: 'Prints the id of the node this command is connected to, without a line feed.',
  run: async ({ connect, terminal }) => {
    const client = await connect();
    await terminal.write(await client.self());
    return status.done;
  },
};
