import { Command } from 'commander';
import { type Flag, kindsOf, optionOf } from './flag-table.ts';
import type { FlagKinds } from './go-flags.ts';
import { argumentForm, argumentsOf, type Verb } from './verb.ts';

export const defaultUri = 'doozer:?ca=127.0.0.1:8046';

/** Every option of `doozer`, before and after the command alike. */
export const doozerFlagTable: readonly Flag[] = [
  {
    name: 'a',
    value: 'uri',
    text: 'the cluster to use, "doozer:?ca=HOST:PORT"; with TLS "doozers:?ca=HOST:PORT"',
    byDefault: defaultUri,
  },
  {
    name: 'b',
    value: 'uri',
    text: 'the cluster in which the "cn" of -a is looked up',
  },
  {
    name: 'r',
    value: 'rev',
    text: 'the revision to start from (default -1, the current one)',
    verbs: ['find', 'wait', 'watch'],
  },
  {
    name: 't',
    value: 'duration',
    text: 'give up waiting after this time, such as 300ms or 1m30s (default 0, never; 15s for changes of members)',
    verbs: ['demote', 'elect', 'kick', 'lock', 'promote', 'transfer', 'wait'],
  },
  {
    name: 'length',
    value: 'duration',
    text: 'how long it outlives the last sign of life (default 15s)',
    verbs: ['elect', 'lock'],
  },
  {
    name: 'grace',
    value: 'duration',
    text: 'time for the program to end by itself (default a third of -length)',
    verbs: ['elect', 'lock'],
  },
  {
    name: 'value',
    value: 'text',
    text: 'what to stand with (default host name and process)',
    verbs: ['elect'],
  },
  {
    name: 'lease',
    value: 'id',
    text: 'the lease that the file goes with',
    verbs: ['add', 'set'],
  },
  {
    name: 'force',
    value: null,
    text: 'try what may cost the cluster its majority',
    verbs: ['demote', 'kick', 'promote', 'transfer'],
  },
  {
    name: 'json',
    value: null,
    text: 'print JSON, one value a line, also of what went wrong',
  },
  {
    name: 'h',
    value: null,
    text: 'print help: this, or that of the command before it',
  },
  { name: 'v', value: null, text: 'print the version' },
];

export const doozerFlags: FlagKinds = kindsOf(doozerFlagTable);

export const doozerNotes = `
Options may stand before and after the command, but not after its first argument.
The exit status is 0 on success, 1 when a revision did not match, 127 for a wrong command line, else 2.
status ends with 1 when somebody should look, with 2 when nobody leads.
elect and lock end with that of their program, 123 when they had to end it.

Environment:
  DOOZER_URI       the cluster to use; -a beats it
  DOOZER_BOOT_URI  the cluster where names are looked up; -b beats it
  DOOZER_TLSCA     for "doozers:": the file of the CA that signs the nodes' certificates; "tlsca=" beats it
  DOOZER_TLSCERT, DOOZER_TLSKEY
                   the files of a certificate to show, and its key; "tlscert=", "tlskey=" beat them
`;

/** Characters of a command's arguments in the list of commands. */
const termMax = 30;

/** The table of commands. It renders the help and counts arguments; flags were taken out before. */
export function doozerProgram(verbs: readonly Verb[]): Command {
  const termOf = (name: string): string => {
    const verb = verbs.find((known) => known.name === name);
    if (verb === undefined) return name;
    const shown = argumentsOf(verb);
    // One long line would make the column of all others as wide.
    const words = shown.length > termMax ? verb.args.map(argumentForm).join(' ') : shown;
    return `${name} ${words}`.trimEnd();
  };
  const program = new Command('doozer')
    .usage('[options] COMMAND [options] [args]')
    .description('Reads and writes a doozer cluster.')
    .helpOption(false)
    .helpCommand(false)
    .configureHelp({ subcommandTerm: (command) => termOf(command.name()) });
  for (const flag of doozerFlagTable) program.addOption(optionOf(flag));
  for (const verb of verbs) {
    const command = program
      .command(verb.name)
      .usage(`[options] ${argumentsOf(verb)}`.trimEnd())
      .summary(verb.summary)
      .description(verb.summary)
      .helpOption(false)
      .allowExcessArguments(false);
    for (const name of verb.args) command.argument(argumentForm(name));
  }
  return program;
}

/** What `doozer -h` says. */
export const usageText = (program: Command): string => program.helpInformation() + doozerNotes;

/** What `doozer help NAME` says; of an unknown command only how it would be called. */
export function verbHelp(verbs: readonly Verb[], name: string): string {
  const verb = verbs.find((known) => known.name === name);
  const args = verb === undefined ? '' : argumentsOf(verb);
  const usage = `${`Usage: doozer [options] ${name} [options] ${args}`.trimEnd()}\n\n`;
  return verb === undefined ? usage : `${usage}${verb.help}\n`;
}

/** Whether `words` are as many as `command` takes; flags among them are words like any other. */
export async function takesArguments(command: Command, words: readonly string[]): Promise<boolean> {
  let taken = false;
  const silent = { writeOut: () => undefined, writeErr: () => undefined };
  command.exitOverride().configureOutput(silent);
  command.action(() => {
    taken = true;
  });
  try {
    await command.parseAsync(['--', ...words], { from: 'user' });
  } catch {
    return false;
  }
  return taken;
}
