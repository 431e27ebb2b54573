import { status } from '../complaint.ts';
import type { Verb } from '../verb.ts';

export const self: Verb = {
  name: 'self',
  args: [],
  summary: 'print the id of the node that answers',
  help: `Prints the id of the node this command is connected to, without a line feed.
With -json: {"node": ID}.`,
  run: async ({ connect, print }) => {
    const client = await connect();
    const node = await client.self();
    await print(node, { node });
    return status.done;
  },
};
