import { Complaint, status } from '../complaint.ts';
import type { Verb } from '../verb.ts';

export const stat: Verb = {
  name: 'stat',
  args: ['path'],
  summary: 'print what is at a path',
  help: `Prints the revision and the length of the file at <path>, or for a directory the letter d and how
many names it holds. Status 2 when there is neither.`,
  run: async ({ connect, terminal }, [path = '']) => {
    const client = await connect();
    const found = await client.stat(path);
    if (found === null) throw new Complaint(`No such file or directory: ${path}`);
    await terminal.write(
      found.kind === 'directory' ? `d ${found.count}\n` : `${found.revision} ${found.size}\n`,
    );
    return status.done;
  },
};
