import { status } from '../complaint.ts';
import type { Verb } from '../verb.ts';

export const touch: Verb = {
  name: 'touch',
  args: ['path'],
  summary: 'give a file a new revision',
  help: `Writes the file at <path> again with the body it has, so that those who watch it are told.
A missing file is created empty. Fails with REV_MISMATCH, status 1, when somebody else wrote it meanwhile.`,
  run: async ({ connect }, [path = '']) => {
    const client = await connect();
    const file = await client.get(path);
    await client.set(path, file?.body ?? new Uint8Array(0), file?.revision ?? 0);
    return status.done;
  },
};
