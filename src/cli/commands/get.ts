import type { FileContent } from '../../client/index.ts';
import { Complaint, status } from '../complaint.ts';
import { errorAt } from '../errors.ts';
import { bytesField } from '../output.ts';
import type { Verb } from '../verb.ts';

export const get: Verb = {
  name: 'get',
  args: ['path', '[more...]'],
  usage: '<path>...',
  summary: 'print files',
  help: `Prints the body of the file at <path>, byte for byte, and nothing else.
A missing file prints nothing.

Of several paths the bodies follow each other with nothing between them, in the order of the paths, all as of one
revision. The first one that cannot be read ends it, with its path in the error.

With -json, a line for each: {"path": PATH, "revision": REV, "created": REV, "lease": ID, "body": TEXT}. A body that is
no UTF-8 is in "bodyBase64" instead. Of a missing file all numbers are 0, and "body" is null.`,
  run: async ({ connect, isJson, print }, paths) => {
    const late = paths.length > 1 ? paths.find((path) => path.startsWith('-')) : undefined;
    if (late !== undefined) {
      const line = `doozer: "${late}" is no path; options stand before the first argument`;
      throw new Complaint(line, status.usage);
    }
    const client = await connect();
    // One path is one read; of several nobody should see a state that never was.
    const at = paths.length === 1 ? {} : { revision: await client.rev() };
    for (const path of paths) {
      const file = await client.get(path, at).catch((error: unknown) => {
        throw paths.length === 1 ? error : errorAt(path, error);
      });
      const body = file?.body ?? new Uint8Array(0);
      if (isJson || body.length > 0) await print(body, describe(path, file));
    }
    return status.done;
  },
};

function describe(path: string, file: FileContent | null) {
  const { body, created, lease, revision } = file ?? noFile;
  return {
    path,
    revision,
    created,
    lease,
    ...(body === null ? { body } : bytesField('body', body)),
  };
}

const noFile = { revision: 0, created: 0, lease: 0, body: null } as const;
