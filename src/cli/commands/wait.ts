import { Complaint, status } from '../complaint.ts';
import { durationText } from '../durations.ts';
import { recordJson, recordOf } from '../records.ts';
import type { Verb } from '../verb.ts';
import { withVigil } from '../vigil.ts';
import { globAndRecordHelp, goesOnHelp } from './glob-help.ts';

/** As timers take it: whole, and at most 24 days. */
const timerMs = (ms: number): number => Math.min(Math.ceil(ms), 2 ** 31 - 1);

export const wait: Verb = {
  name: 'wait',
  args: ['glob'],
  summary: 'wait for one change',
  help: `Prints one record: the first change to a file that matches <glob>, at the current revision or later.

With -r, at that revision or later; changes of the past count, as far as the cluster remembers them.
With -t, gives up after that time, status 2. When the node it is connected to is lost it goes on with another.
${goesOnHelp}

${globAndRecordHelp}`,
  run: async ({ connect, note, print, revision, terminal, timeoutMs }, [glob = '']) => {
    // The time for the connection counts too: the user asked for an end, not for a part of one.
    const deadline = timeoutMs > 0 ? AbortSignal.timeout(timerMs(timeoutMs)) : null;
    const signal = deadline ?? terminal.interrupted;
    const waitOnce = async () => {
      const client = await connect(signal);
      const from = revision ?? (await client.rev({ signal }));
      return withVigil({ client, note }, () => client.wait(glob, from, { signal }));
    };
    try {
      const event = await waitOnce();
      await print(recordOf(event), recordJson(event));
    } catch (error) {
      if (deadline?.aborted === true) {
        throw new Complaint(
          `Error: wait timeout: nothing changed within ${durationText(timeoutMs)}`,
        );
      }
      throw error;
    }
    return status.done;
  },
};
