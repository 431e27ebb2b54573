import { Command } from 'commander';
import { limits } from '../base/index.ts';
import { type Flag, optionOf } from './flag-table.ts';
import type { FlagKinds } from './go-flags.ts';

/** Every flag of `doozerd`, and how it takes its value. */
export const doozerdFlags = {
  l: 'value',
  a: 'value',
  b: 'value',
  seed: 'value',
  advertise: 'value',
  c: 'value',
  w: 'value',
  pulse: 'value',
  fill: 'value',
  timeout: 'value',
  hist: 'value',
  data: 'value',
  'min-voters': 'value',
  'log-level': 'value',
  tlscert: 'value',
  tlskey: 'value',
  tlsca: 'value',
  tlsclients: 'switch',
  v: 'switch',
  h: 'switch',
} as const satisfies FlagKinds;

/** What a flag is when nobody gives it. Times are seconds, as on the command line. */
export const doozerdDefaults = {
  l: '127.0.0.1:8046',
  c: 'local',
  pulse: '1',
  fill: '0.1',
  timeout: String(limits.silenceMs / 1000),
  hist: String(limits.historyRevisions),
  'min-voters': '2',
  'log-level': 'info',
} as const;

const words: Readonly<Record<keyof typeof doozerdFlags, readonly [args: string, text: string]>> = {
  l: [' <addr>', 'listen here, HOST:PORT, for clients and peers'],
  a: [
    ' <addr>',
    'attach to the cluster of the node at HOST:PORT; may be repeated, or a list with commas',
  ],
  b: [
    ' <uri>',
    'the cluster in which this one is announced, found, and founded once (default DOOZER_BOOT_URI)',
  ],
  seed: [
    ' <addrs>',
    'all first nodes of the cluster, with commas, the same list for each: together they form one cluster, once',
  ],
  advertise: [
    ' <addr>',
    'where others reach this node, HOST or HOST:PORT (default: the address of -l)',
  ],
  c: [' <name>', 'the name of the cluster'],
  w: [
    ' <addr>',
    'the web view, HOST:PORT, or "false" for none (default: the host of -l, port 8000 or the next free)',
  ],
  pulse: [' <seconds>', "the pause between two writes of this node's state"],
  fill: [' <seconds>', 'accepted for the sake of old scripts; has no effect'],
  timeout: [' <seconds>', 'remove a member that was silent this long; 0: never'],
  hist: [' <count>', 'how many past revisions stay readable'],
  data: [' <folder>', 'where data is kept, or "none" (default ./CLUSTER.doozer/HOST-PORT)'],
  'min-voters': [' <count>', 'never shrink the cluster below this many voters'],
  'log-level': [' <level>', 'how much is logged: error, info or debug'],
  tlscert: [
    ' <file>',
    "speak TLS only, with this certificate (PEM, with those between it and its CA's)",
  ],
  tlskey: [' <file>', 'the key of -tlscert'],
  tlsca: [' <file>', 'the CA that must have signed the certificate of every node (mutual TLS)'],
  tlsclients: ['', 'clients too must show a certificate that -tlsca signed'],
  v: ['', 'print the version'],
  h: ['', 'print this help'],
};

/** All of it, for whoever shows flags. */
export const doozerdFlagTable: readonly Flag[] = Object.entries(words).map(
  ([name, [args, text]]) => ({
    name,
    value: args === '' ? null : args.replace(/^ <(.*)>$/, '$1'),
    text,
    byDefault: (doozerdDefaults as Readonly<Record<string, string>>)[name],
  }),
);

export const doozerdNotes = `
One dash or two, "-x v" or "-x=v".

Without a node on the folder:
  doozerd check [--json] DIR  tells what a data folder holds and what is wrong with it, and changes
                              nothing; status 0: sound, 1: damaged but usable, 2: of no use
  doozerd accept-loss DIR     gives up for good what a node that alone votes cannot show any more

Signals:
  SIGTERM, SIGINT  stop in order; the second one at once
  SIGUSR2          log level debug, and back

Environment:
  DOOZER_BOOT_URI  see -b, which beats it
  DOOZER_RWSECRET  the secret that lets a client read and write
  DOOZER_ROSECRET  the secret that lets a client read; needs the other one
`;

/** What `doozerd -h` says. */
export function doozerdUsage(): string {
  const program = new Command('doozerd')
    .usage('[options]')
    .description('Runs one node of a doozer cluster.')
    .helpOption(false)
    .configureHelp({
      // Commander writes long names with two dashes; these have always had one.
      optionTerm: (option) => option.flags.replace(/^--/, '-'),
    });
  for (const flag of doozerdFlagTable) program.addOption(optionOf(flag));
  return program.helpInformation() + doozerdNotes;
}
