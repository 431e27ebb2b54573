import type { Leadership } from '../../client/index.ts';
import { status } from '../complaint.ts';
import { type HoldPlan, runUnder, timesOf } from '../hold.ts';
import { bytesField } from '../output.ts';
import type { Verb, VerbContext } from '../verb.ts';
import { clusterEnv, commandAfter, folderOf, holdHelp, whoAmI } from './lock.ts';

export const elect: Verb = {
  name: 'elect',
  args: ['name', '[program...]'],
  usage: '<name> [-- <program> [args]]',
  summary: 'run a program as leader, or print who leads',
  help: `Stands for the office <name>, runs the program once elected, and resigns when it ends. <name> is a path, a folder
of the office's own, or a bare name, which means /election/<name>. Candidates are elected in the order in which they came.
Everybody can read what the leader stands with: -value, or its host name and process.

Without a program, prints what the present leader stands with, and a line feed; status 1 if nobody leads.
With -json: {"path": PATH, "token": REV, "value": TEXT}; a value that is no UTF-8 is in "valueBase64".

The program finds in its environment:
  DOOZER_LEADER_TOKEN  the fencing token: above that of everybody who led before
  DOOZER_LEADER_PATH   the leader's file, which this token made
  DOOZER_URI           the cluster

  doozer elect -value 10.0.0.1:80 web -- ./serve
  doozer elect web

${holdHelp.replace('as above', 'as "doozer help lock" shows')}`,
  run: async (context, [name = '', ...words]) => {
    const folder = folderOf(name, '/election');
    return words.length === 0 ? printLeader(context, folder) : stand(context, folder, words);
  },
};

async function printLeader({ connect, print }: VerbContext, folder: string): Promise<number> {
  const client = await connect();
  const leader = await client.leader(folder);
  if (leader === null) return status.not;
  const { path, token, value } = leader;
  await print(Buffer.concat([value, Buffer.from('\n')]), {
    path,
    token,
    ...bytesField('value', value),
  });
  return status.done;
}

function stand(context: VerbContext, folder: string, words: readonly string[]): Promise<number> {
  const times = timesOf(context);
  const plan: HoldPlan<Leadership> = {
    name: `office "${folder}"`,
    command: commandAfter('elect', words),
    ...times,
    take: async (signal) => {
      const client = await context.connect(signal);
      const { lengthMs } = times;
      return client.campaign(folder, context.value ?? whoAmI(), { lengthMs, signal });
    },
    letGo: (office) => office.resign(),
    env: ({ path, token }) => ({
      ...clusterEnv(context),
      DOOZER_LEADER_PATH: path,
      DOOZER_LEADER_TOKEN: String(token),
    }),
  };
  return runUnder(context, plan);
}
