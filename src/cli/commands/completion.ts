import type { Client } from '../../client/index.ts';
import { Complaint, status } from '../complaint.ts';
import { type Offer, offerDoozer, offerDoozerd } from '../shells/offer.ts';
import { scripts } from '../shells/scripts.ts';
import type { Verb, VerbContext } from '../verb.ts';

/** Somebody waits with a finger on the key: what takes longer is left out. */
const patienceMs = 1000;
/** Names that are looked at and offered, at most: more than anybody reads. */
const namesMax = 256;

const shells = Object.keys(scripts);

export const completion: Verb = {
  name: 'completion',
  args: ['shell', '[words...]'],
  usage: shells.join(' | '),
  words: { shell: shells },
  summary: 'print what a shell needs to complete doozer and doozerd',
  help: `Prints a script that makes the shell complete options, commands, and paths that the cluster holds, for doozer and
doozerd. The cluster is the one that -a or DOOZER_URI on the line name; one that does not answer within a second
completes nothing.

  bash  source <(doozer completion bash)
  zsh   source <(doozer completion zsh)
  fish  doozer completion fish | source`,
  run: async (context, [shell = '', program = '', ...words]) => {
    if (shell === 'candidates') return candidates(context, program, words);
    const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
    if (script === undefined || program !== '') {
      const line = `doozer: completion knows ${shells.join(', ')}, not "${shell}"`;
      throw new Complaint(line, status.usage);
    }
    await context.terminal.write(script);
    return status.done;
  },
};

/** What the scripts ask for. Says nothing when something is wrong: it stands in nobody's way. */
async function candidates(
  context: VerbContext,
  program: string,
  words: readonly string[],
): Promise<number> {
  const offer = program === 'doozerd' ? offerDoozerd(words) : offerDoozer(words, context.verbs);
  const lines = await linesOf(offer, context).catch(() => []);
  await context.terminal.write(lines.map((line) => `${line}\n`).join(''));
  return status.done;
}

async function linesOf(offer: Offer, { connect }: VerbContext): Promise<string[]> {
  switch (offer.kind) {
    case 'words':
      return offer.words.map(([word, text]) => (text === '' ? word : `${word}\t${text}`));
    case 'paths': {
      const { flags, prefix } = offer;
      if (!prefix.startsWith('/')) return prefix === '' ? ['/'] : [];
      const signal = AbortSignal.timeout(patienceMs);
      return pathsBelow(await connect(signal, flags), prefix, signal);
    }
    default:
      return [`:${offer.kind}`];
  }
}

/** Paths that begin with `prefix`, one level deep; a directory ends with a slash. */
async function pathsBelow(client: Client, prefix: string, signal: AbortSignal): Promise<string[]> {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  const found: string[] = [];
  for await (const name of client.list(folder.slice(0, -1) || '/', { signal })) {
    const path = `${folder}${name}`;
    if (!path.startsWith(prefix)) continue;
    found.push(path);
    if (found.length >= namesMax) break;
  }
  return Promise.all(
    found.map(async (path) => {
      const what = await client.stat(path, { signal });
      return what?.kind === 'directory' ? `${path}/` : path;
    }),
  );
}
