import { status } from '../complaint.ts';
import type { Verb } from '../verb.ts';

export const nop: Verb = {
  name: 'nop',
  args: [],
  summary: 'take a revision and change nothing',
  help: 'Takes one revision and changes nothing. Prints nothing.',
  run: async ({ connect }) => {
    const client = await connect();
    await client.nop();
    return status.done;
  },
};
