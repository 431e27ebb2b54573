import { limits } from '../../base/index.ts';
import { status } from '../complaint.ts';
import { revisionArgument, type Verb } from '../verb.ts';

export const set: Verb = {
  name: 'set',
  args: ['path', 'rev'],
  summary: 'write a file',
  help: `Reads the body from standard input, to its end, and writes it to the file at <path>, if the file's
revision is <rev> or less. With <rev> 0 there must be no such file; with -1 any revision will do.
Fails with REV_MISMATCH, status 1, when the file changed since <rev>.
A body of more than 1 MiB is refused before anything is sent.
With -lease, the file is deleted when that lease ends.

Prints the new revision. With -json: {"path": PATH, "revision": REV}.`,
  run: async ({ connect, lease, print, terminal }, [path = '', rev = '']) => {
    const guard = revisionArgument(rev);
    const client = await connect();
    const revision = await client.set(
      path,
      await terminal.readInput(limits.valueBytesMax),
      guard,
      lease === null ? {} : { lease },
    );
    await print(`${revision}\n`, { path, revision });
    return status.done;
  },
};
