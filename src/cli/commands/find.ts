import { ClusterError } from '../../base/index.ts';
import type { Client } from '../../client/index.ts';
import { status } from '../complaint.ts';
import { errorText } from '../errors.ts';
import type { Verb } from '../verb.ts';

/** Lines gathered before they are written together. */
const linesTogether = 256;

export const find: Verb = {
  name: 'find',
  args: ['path'],
  summary: 'list a tree',
  help: `Prints <path> and the path of every file and directory below it, one a line: parents before what is
in them, names in byte order, all as of one revision.

With -r, as of that revision. The status is 0 also when something could not be read; standard error says what.`,
  run: async ({ connect, revision, terminal }, [path = '']) => {
    const client = await connect();
    const at = revision ?? (await client.rev());
    const lines: string[] = [];
    const print = async (): Promise<void> => {
      if (lines.length > 0) await terminal.write(`${lines.splice(0).join('\n')}\n`);
    };
    try {
      for await (const found of tree(client, path, at)) {
        lines.push(found);
        if (lines.length >= linesTogether) await print();
      }
      await print();
    } catch (error) {
      if (!(error instanceof ClusterError) || error.retry !== 'never') throw error;
      await print();
      terminal.complain(errorText(error));
    }
    return status.done;
  },
};

/** `path` and what is below it. Directories are not stored: they show in the paths of their files. */
async function* tree(client: Client, path: string, revision: number): AsyncGenerator<string> {
  const found = await client.stat(path, { revision });
  if (found === null) throw new ClusterError('ERR_NO_ENTRY', `Nothing is at "${path}"`);
  yield path;
  if (found.kind === 'file') return;
  const folder = path === '/' ? '' : path;
  let above = '';
  for await (const file of client.walk(`${folder}/**`, { revision })) {
    const directories = file.path.split('/').slice(0, -1);
    for (let depth = folder.split('/').length; depth < directories.length; depth++) {
      const directory = directories.slice(0, depth + 1).join('/');
      // Walk order is depth first: a directory that is not above the last file is met for the first time.
      if (!above.startsWith(`${directory}/`)) yield directory;
    }
    above = file.path;
    yield file.path;
  }
}
