import { status } from '../complaint.ts';
import { revisionArgument, type Verb } from '../verb.ts';

export const del: Verb = {
  name: 'del',
  args: ['path', 'rev'],
  summary: 'delete a file',
  help: `Deletes the file at <path>, if its revision is <rev> or less; with -1 any revision will do.
Fails with REV_MISMATCH, status 1, when the file changed since <rev>. A missing file is no error.`,
  run: async ({ connect }, [path = '', rev = '']) => {
    const guard = revisionArgument(rev);
    const client = await connect();
    await client.delete(path, guard);
    return status.done;
  },
};
