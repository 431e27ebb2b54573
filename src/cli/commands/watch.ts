import { status } from '../complaint.ts';
import { recordJson, recordOf } from '../records.ts';
import type { Verb } from '../verb.ts';
import { globAndRecordHelp } from './glob-help.ts';

export const watch: Verb = {
  name: 'watch',
  args: ['glob'],
  summary: 'print changes as they happen',
  help: `Prints a record for every change to a file that matches <glob>, from the current revision on, until it is
interrupted. When the node it is connected to is lost it goes on with another, and no record is missing
or printed twice.

With -r, from that revision on; changes of the past count, as far as the cluster remembers them.

${globAndRecordHelp}`,
  run: async ({ connect, print, revision, terminal }, [glob = '']) => {
    const client = await connect();
    const from = revision ?? (await client.rev());
    for await (const event of client.watch(glob, { from, signal: terminal.interrupted })) {
      await print(recordOf(event), recordJson(event));
    }
    return status.interrupted;
  },
};
