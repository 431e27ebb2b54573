import { ClusterError, type LogLevel, logLevels, parseLogLevel } from '../../base/index.ts';
import type { Client } from '../../client/index.ts';
import { Complaint, status } from '../complaint.ts';
import { errorText } from '../errors.ts';
import { type Member, memberNamed } from '../operators/members.ts';
import { atNode, survey } from '../operators/survey.ts';
import type { Verb, VerbContext } from '../verb.ts';

export const logLevel: Verb = {
  name: 'log-level',
  args: ['[level]', '[node]'],
  words: { level: logLevels },
  summary: 'print or change how much a node logs',
  help: `Changes how much a node logs from now on, until it is changed again or the process ends: error, info (as usual) or
debug. Without <level> it prints the level. <node> is an id, the beginning of one, an address, or all; without it, the node
that answers. On the machine itself SIGUSR2 does the same: debug, and back. Status 2 if a node did not answer.

Prints a line for each node: id, address, level. With -json: {"node": ID, "address": ADDRESS, "level": LEVEL}.`,
  run: async (context, [text = null, where = null]) => {
    const level = text === null ? null : levelOf(text);
    if (where === null) {
      const client = await context.connect();
      const { nodeId, address } = await client.status();
      await show(context, { id: nodeId, address }, await client.logLevel(level));
      return status.done;
    }
    const { members } = (await survey(context)).best;
    const targets = where === 'all' ? members : [memberNamed(where, members)];
    let worst: number = status.done;
    for (const target of targets) {
      if (!(await changeAt(context, target, level))) worst = status.failed;
    }
    return worst;
  },
};

function levelOf(text: string): LogLevel {
  const level = parseLogLevel(text);
  if (level !== null) return level;
  throw new Complaint(`Error: no log level "${text}": one of ${logLevels.join(', ')}`);
}

async function changeAt(
  context: VerbContext,
  target: Pick<Member, 'id' | 'address'>,
  level: LogLevel | null,
): Promise<boolean> {
  const work = (client: Client) => client.logLevel(level);
  try {
    await show(context, target, await atNode(context, target.address, work));
    return true;
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    context.note(`${target.id} ${target.address} ${errorText(error)}`);
    return false;
  }
}

const show = (
  context: VerbContext,
  { id, address }: Pick<Member, 'id' | 'address'>,
  level: LogLevel,
): Promise<void> => context.print(`${id}  ${address}  ${level}\n`, { node: id, address, level });
