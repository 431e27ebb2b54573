import { Command } from 'commander';
import type { FlagKinds } from './go-flags.ts';
import { argumentForm, argumentsOf, type Verb } from './verb.ts';

/** Every option of `doozer`, before and after the command alike. */
export const doozerFlags = {
  a: 'value',
  b: 'value',
  r: 'value',
  t: 'value',
  grace: 'value',
  lease: 'value',
  length: 'value',
  value: 'value',
  h: 'switch',
  v: 'switch',
} as const satisfies FlagKinds;

export const defaultUri = 'doozer:?ca=127.0.0.1:8046';

const notes = `
Options may stand before and after the command, but not after its first argument.
The exit status is 0 on success, 1 when a revision did not match, 127 for a wrong command line, else 2.
elect and lock end with that of their program, 123 when they had to end it.

Environment:
  DOOZER_URI       the cluster to use; -a beats it
  DOOZER_BOOT_URI  the cluster where names are looked up; -b beats it
  DOOZER_TLSCA     for "doozers:": the file of the CA that signs the nodes' certificates; "tlsca=" beats it
  DOOZER_TLSCERT, DOOZER_TLSKEY
                   the files of a certificate to show, and its key; "tlscert=", "tlskey=" beat them
`;

/** The table of commands. It renders the help and counts arguments; flags were taken out before. */
export function doozerProgram(verbs: readonly Verb[]): Command {
  const program = new Command('doozer')
    .usage('[options] COMMAND [options] [args]')
    .description('Reads and writes a doozer cluster.')
    .helpOption(false)
    .helpCommand(false)
    .option(
      '-a <uri>',
      `the cluster to use, "doozer:?ca=HOST:PORT", with TLS "doozers:?..." (default "${defaultUri}")`,
    )
    .option('-b <uri>', 'the cluster in which the "cn" of -a is looked up')
    .option(
      '-r <rev>',
      'find, wait, watch: the revision to start from (default -1, the current one)',
    )
    .option(
      '-t <duration>',
      'elect, lock, wait: give up waiting after this time, such as 300ms or 1m30s (default 0, never)',
    )
    .option(
      '--length <duration>',
      'elect, lock: how long it outlives the last sign of life (default 15s)',
    )
    .option(
      '--grace <duration>',
      'elect, lock: time for the program to end by itself (default a third of -length)',
    )
    .option('--value <text>', 'elect: what to stand with (default host name and process)')
    .option('--lease <id>', 'add, set: the lease that the file goes with')
    .option('-h', 'print help: this, or that of the command before it')
    .option('-v', 'print the version');
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
export const usageText = (program: Command): string => program.helpInformation() + notes;

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
