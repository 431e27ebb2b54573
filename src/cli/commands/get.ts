import { status } from '../complaint.ts';
import type { Verb } from '../verb.ts';

export const get: Verb = {
  name: 'get',
  args: ['path'],
  summary: 'print a file',
  help: `Prints the body of the file at <path>, byte for byte, and nothing else.
A missing file prints nothing.`,
  run: async ({ connect, terminal }, [path = '']) => {
    const client = await connect();
    const file = await client.get(path);
    if (file !== null && file.body.length > 0) await terminal.write(file.body);
    return status.done;
  },
};
