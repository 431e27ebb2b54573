import { ClusterError } from '../../base/index.ts';
import { oldestRevision } from '../../client/index.ts';
import { status } from '../complaint.ts';
import { recordJson, recordOf } from '../records.ts';
import type { Verb } from '../verb.ts';
import { withVigil } from '../vigil.ts';
import { globAndRecordHelp, goesOnHelp } from './glob-help.ts';

export const watch: Verb = {
  name: 'watch',
  args: ['glob'],
  summary: 'print changes as they happen',
  help: `Prints a record for every change to a file that matches <glob>, from the current revision on, until it is
interrupted. When the node it is connected to is lost it goes on with another, and no record is missing
or printed twice. ${goesOnHelp}

With -r, from that revision on; changes of the past count, as far as the cluster remembers them. What it does
not remember any more ends it with TOO_LATE, also when that was forgotten while no node could be reached: then
standard error says after which revision, and from where on changes are left. Read the state anew, and watch from there.

${globAndRecordHelp}`,
  run: async ({ connect, note, print, revision, terminal }, [glob = '']) => {
    const client = await connect();
    const from = revision ?? (await client.rev());
    let last: number | null = null;
    try {
      return await withVigil({ client, note }, async () => {
        for await (const event of client.watch(glob, { from, signal: terminal.interrupted })) {
          await print(recordOf(event), recordJson(event));
          last = event.revision;
        }
        return status.interrupted;
      });
    } catch (error) {
      if (last !== null && error instanceof ClusterError && error.code === 'ERR_COMPACTED') {
        const oldest = oldestRevision(error);
        const left = oldest === null ? '' : `; changes are left from revision ${oldest} on`;
        note(`doozer: changes after revision ${last} were forgotten meanwhile${left}`);
      }
      throw error;
    }
  },
};
