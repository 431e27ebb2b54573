import { Complaint, status } from '../complaint.ts';
import type { Verb } from '../verb.ts';

export const stat: Verb = {
  name: 'stat',
  args: ['path'],
  summary: 'print what is at a path',
  help: `Prints the revision and the length of the file at <path>, or for a directory the letter d and how
many names it holds. Status 2 when there is neither.

With -json: {"path": PATH, "kind": "file", "revision": REV, "size": LEN, "created": REV, "lease": ID}, where the
file was made by revision "created" and goes with no lease when that is 0; or {"path": PATH, "kind": "directory",
"count": COUNT}.`,
  run: async ({ connect, print }, [path = '']) => {
    const client = await connect();
    const found = await client.stat(path);
    if (found === null) throw new Complaint(`No such file or directory: ${path}`);
    const isFile = found.kind === 'file';
    await print(isFile ? `${found.revision} ${found.size}\n` : `d ${found.count}\n`, {
      path,
      ...found,
    });
    return status.done;
  },
};
