// `doozerd check` and `doozerd accept-loss`: a data folder without a node on it.
import { ClusterError } from '../base/index.ts';
import type { FolderReport } from '../daemon/index.ts';
import type { Terminal } from './terminal.ts';

/** How `doozerd check` ends: the folder is sound; damaged, but a node can start on it; of no use. */
export const checkStatus = { sound: 0, damaged: 1, unusable: 2 } as const;

const usage = 'doozerd check [--json] DIR, doozerd accept-loss DIR';

const helpWords: ReadonlySet<string> = new Set(['-h', '-help', '--help']);

export const folderCommands: ReadonlySet<string> = new Set(['check', 'accept-loss']);

/** Resolves with the exit status. */
export async function runFolderCommand(
  [command, ...words]: readonly string[],
  terminal: Terminal,
): Promise<number> {
  if (words.some((word) => helpWords.has(word))) {
    await terminal.write(`usage: ${usage}\n"doozerd -h" says what they do.\n`);
    return 0;
  }
  const isJson = command === 'check' && words.includes('--json');
  const [folder, ...more] = words.filter((word) => !(isJson && word === '--json'));
  if (folder === undefined || folder === '' || folder.startsWith('-') || more.length > 0) {
    terminal.complain(`doozerd: usage: ${usage}`);
    return checkStatus.unusable;
  }
  try {
    if (command === 'check') return await check(folder, isJson, terminal);
    await accept(folder, terminal);
    return 0;
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    const what = error.code === 'ERR_LOCKED' ? `a node runs on "${folder}": ` : '';
    terminal.complain(`doozerd: ${what}${error.message}`);
    return checkStatus.unusable;
  }
}

async function check(folder: string, isJson: boolean, terminal: Terminal): Promise<number> {
  const { checkDataFolder } = await import('../daemon/index.ts');
  const report = await checkDataFolder(folder);
  await terminal.write(isJson ? `${JSON.stringify(report, null, 2)}\n` : textOf(report));
  return checkStatus[report.verdict];
}

async function accept(folder: string, terminal: Terminal): Promise<void> {
  const { acceptLoss } = await import('../daemon/index.ts');
  const { lastIndex, lastTerm, suspectIndex } = await acceptLoss(folder);
  await terminal.write(
    suspectIndex === null
      ? `nothing is lost: the log goes through index ${lastIndex} of term ${lastTerm}\n`
      : `given up: what was acknowledged after index ${lastIndex} of term ${lastTerm}, up to index ${suspectIndex}\n`,
  );
}

const verdicts = {
  sound: 'sound',
  damaged: 'damaged, and a node can start on it',
  unusable: 'of no use to a node under this id',
} as const;

/** For people: a line for each thing, its kind first. */
function textOf(report: FolderReport): string {
  const { nodeId, clusterName, lineage, vows, last, rejoin } = report;
  const lines: [string, string][] = [['folder', `${report.folder}: ${verdicts[report.verdict]}`]];
  if (nodeId !== null) {
    const cluster =
      lineage === null ? 'not known yet' : `${lineage.clusterId}, epoch ${lineage.epoch}`;
    lines.push(['node', `${nodeId} of cluster "${clusterName}" (${cluster})`]);
  }
  if (vows !== null) {
    const { term, votedFor, boot, suspect } = vows;
    const doubt = suspect === null ? '' : `, suspect up to ${positionOf(suspect)}`;
    lines.push(['vows', `term ${term}, vote ${votedFor ?? 'none'}, boot ${boot}${doubt}`]);
  }
  if (last !== null) lines.push(['log', `through ${positionOf(last)}`]);
  for (const { path, bytes, from, to } of report.segments) {
    const range =
      from === null ? 'cannot be read' : `entries ${from.index + 1} to ${to?.index ?? '?'}`;
    lines.push(['segment', `${path}, ${bytes} bytes, ${range}`]);
  }
  for (const snapshot of report.snapshots) {
    const { path, bytes, vouched } = snapshot;
    const whose = vouched ? 'vouched for' : 'counts once the log was restarted from it';
    lines.push(['snapshot', `${path}, ${bytes} bytes, ${positionOf(snapshot)}, ${whose}`]);
  }
  if (rejoin !== null) {
    const { clusterName: name, addresses } = rejoin;
    const to = `comes back to cluster "${name}" as ${rejoin.nodeId} through ${addresses.join(', ')}`;
    lines.push(['rejoin', to]);
  }
  for (const path of [...report.aside, ...report.damagedCopies]) lines.push(['kept', path]);
  for (const { file, offset, expected, found, means } of report.problems) {
    lines.push(['problem', `${file} at byte ${offset}: expected ${expected}, found ${found}`]);
    lines.push(['', means]);
  }
  return lines.map(([kind, text]) => `${kind.padEnd(9)} ${text}\n`).join('');
}

const positionOf = ({ index, term }: { readonly index: number; readonly term: number }): string =>
  `index ${index} of term ${term}`;
