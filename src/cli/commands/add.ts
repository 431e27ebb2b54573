import { limits } from '../../base/index.ts';
import { status } from '../complaint.ts';
import type { Verb } from '../verb.ts';

export const add: Verb = {
  name: 'add',
  args: ['path'],
  summary: 'create a file',
  help: `Reads the body from standard input, to its end, and writes it to a new file at <path>.
Fails with REV_MISMATCH, status 1, when there is a file already.
A body of more than 1 MiB is refused before anything is sent.
With -lease, the file is deleted when that lease ends.

Prints the new revision. With -json: {"path": PATH, "revision": REV}.`,
  run: async ({ connect, lease, print, terminal }, [path = '']) => {
    const client = await connect();
    const revision = await client.set(
      path,
      await terminal.readInput(limits.valueBytesMax),
      0,
      lease === null ? {} : { lease },
    );
    await print(`${revision}\n`, { path, revision });
    return status.done;
  },
};
