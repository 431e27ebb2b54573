import { ClusterError } from '../../base/index.ts';
import type { Client } from '../../client/index.ts';
import { status } from '../complaint.ts';
import { jsonLine } from '../output.ts';
import type { Verb } from '../verb.ts';

/** Lines gathered before they are written together. */
const linesTogether = 256;

export const find: Verb = {
  name: 'find',
  args: ['path'],
  summary: 'list a tree',
  help: `Prints <path> and the path of every file and directory below it, one a line: parents before what is
in them, names in byte order, all as of one revision.

With -r, as of that revision. The status is 0 also when something could not be read; standard error says what.

With -json, a line for each: {"path": PATH, "kind": "directory"}, or {"path": PATH, "kind": "file", "revision": REV,
"size": LEN}.`,
  run: async ({ connect, isJson, note, revision, terminal }, [path = '']) => {
    const client = await connect();
    const at = revision ?? (await client.rev());
    const lines: string[] = [];
    const print = async (): Promise<void> => {
      if (lines.length > 0) await terminal.write(lines.splice(0).join(''));
    };
    try {
      for await (const found of tree(client, path, at)) {
        lines.push(isJson ? jsonLine(found) : `${found.path}\n`);
        if (lines.length >= linesTogether) await print();
      }
      await print();
    } catch (error) {
      if (!(error instanceof ClusterError) || error.retry !== 'never') throw error;
      await print();
      note(error);
    }
    return status.done;
  },
};

type Found =
  | { readonly path: string; readonly kind: 'directory' }
  | {
      readonly path: string;
      readonly kind: 'file';
      readonly revision: number;
      readonly size: number;
    };

/** `path` and what is below it. Directories are not stored: they show in the paths of their files. */
async function* tree(client: Client, path: string, revision: number): AsyncGenerator<Found> {
  const found = await client.stat(path, { revision });
  if (found === null) throw new ClusterError('ERR_NO_ENTRY', `Nothing is at "${path}"`);
  if (found.kind === 'file') {
    const { kind, revision: last, size } = found;
    return yield { path, kind, revision: last, size };
  }
  yield { path, kind: 'directory' };
  const folder = path === '/' ? '' : path;
  let above = '';
  for await (const file of client.walk(`${folder}/**`, { revision })) {
    const directories = file.path.split('/').slice(0, -1);
    for (let depth = folder.split('/').length; depth < directories.length; depth++) {
      const directory = directories.slice(0, depth + 1).join('/');
      // Walk order is depth first: a directory that is not above the last file is met for the first time.
      if (!above.startsWith(`${directory}/`)) yield { path: directory, kind: 'directory' };
    }
    above = file.path;
    yield { path: file.path, kind: 'file', revision: file.revision, size: file.body.length };
  }
}
