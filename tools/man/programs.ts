// doozer(1) and doozerd(8): what their help says, and what is too long for it.
import {
  argumentsOf,
  doozerdFlagTable,
  doozerdNotes,
  doozerFlagTable,
  doozerNotes,
  type Flag,
  type Verb,
  verbs,
} from '../../src/cli/index.ts';
import { body, bold, definition, escaped, italic, page, type Section, seeAlso } from './roff.ts';

const doozerManner = `Options may be written with one dash or two, as "-x value" or "-x=value". A negative number may stand
among the arguments as it is: there are no options behind the first argument.

Bodies come from standard input, to its end. A body beyond 1 MiB is refused before anything is sent.

A command looks for a node for four seconds, through all addresses it was given, and a request ends after about
five: with its answer, or with an error that says whether it may have been done all the same. "wait" and "watch" have no
end but "-t", Ctrl-C, and a revision that was forgotten; when their node is lost they go on with another.

When nobody reads standard output any more, as behind "head", the program ends with status 0.`;

const doozerStatuses = `  0    done
  1    the revision did not match; a transaction's compares did not hold; nobody leads; no such lease
  2    anything else went wrong; the line on standard error begins with "Error: " and the name of the error, as in
       doozer-protocol(7), and for OTHER what happened
  123  elect and lock: the program was ended because the hold was lost or about to be
  126  elect and lock: the program cannot be run
  127  no command, no such command, a wrong number of arguments; elect and lock: no such program
  130  Ctrl-C`;

const doozerErrors = `With -json an error is a line on standard error:

  {"error": NAME, "code": CODE, "message": TEXT, "effect": EFFECT, "retry": RETRY, "status": STATUS}

"effect" is "none" where the command certainly did nothing, and "unknown" where it may have been done or may yet
be. "error" and "code" are null when no cluster was asked, and there is no "retry" then. When revisions were
forgotten, "oldestRevision" is the first that is left. What is only to be noted is {"message": TEXT}.`;

const doozerExamples = `Write a file that must not be there, read it, write it if nobody else did:

  echo -n red | doozer add /config/colour
  doozer get /config/colour
  echo -n blue | doozer set /config/colour 17

Follow a directory from what it holds now:

  rev=$(doozer rev)
  doozer -r $rev find /config
  doozer -r $((rev + 1)) watch '/config/**'

Another cluster, through either of two nodes:

  export DOOZER_URI='doozer:?ca=10.0.0.1:8046&ca=10.0.0.2:8046'`;

const doozerdStatuses = `  0  it was told to stop, and did
  1  it could not start, or could not go on; one line says why
  2  a flag is unknown, or its value cannot be read

After "check" and "accept-loss" see there.`;

const doozerdSignals = `  SIGTERM, SIGINT  stop: leadership is handed over, what was taken is answered, the log is synced, and the process
                   ends with 0
  a second one     end at once, which is safe and less polite`;

const doozerdFiles = `The folder of -data holds the identity of the node, its log, and snapshots of the tree. A node that is started on
it again is the same member. A folder belongs to one node, and two never run on it at once. A node without its folder is
another node. "-data none" keeps everything in memory: such a node is another one at each start.`;

const doozerdNetwork = `One port serves everybody: clients of doozer-protocol(7), the library and doozer(1), other nodes, and
"GET /livez" and "GET /readyz" over HTTP. The other nodes must be able to reach the address of -l.`;

const flagList = (flags: readonly Flag[], longDashes: '-' | '--'): string =>
  flags
    .map(({ byDefault, name, text, value, verbs: users }) => {
      const flag = bold(`${name.length === 1 ? '-' : longDashes}${name}`);
      const term = value === null ? flag : `${flag} ${italic(value)}`;
      const whose = users === undefined ? '' : `${users.join(', ')}: `;
      const else_ = byDefault === undefined ? '' : ` (default: ${byDefault})`;
      return definition(term, `${whose}${text}${else_}.`);
    })
    .join('\n');

const command = (verb: Verb): string =>
  `.SS ${escaped(`${verb.name} ${argumentsOf(verb)}`.trimEnd())}\n${body(verb.help)}`;

/** The paragraphs of notes: those about the environment, and the others. */
function notesOf(notes: string): { readonly environment: string; readonly manner: string } {
  const paragraphs = notes.trim().split(/\n{2,}/);
  const isEnvironment = (text: string): boolean => text.startsWith('Environment:\n');
  return {
    environment: paragraphs
      .filter(isEnvironment)
      .map((text) => text.slice(text.indexOf('\n') + 1))
      .join('\n'),
    manner: paragraphs.filter((text) => !isEnvironment(text)).join('\n\n'),
  };
}

const synopsis = (name: string, rest: string): Section => [
  'SYNOPSIS',
  `${bold(name)} ${escaped(rest)}`,
];

export function doozerPage(version: string): string {
  const { environment, manner } = notesOf(doozerNotes);
  const head = { name: 'doozer', section: 1, summary: 'read and write a doozer cluster', version };
  return page(head, [
    synopsis('doozer', '[options] COMMAND [options] [args]'),
    ['DESCRIPTION', body(`${manner}\n\n${doozerManner}`)],
    ['OPTIONS', flagList(doozerFlagTable, '--')],
    ['COMMANDS', verbs.map(command).join('\n')],
    ['EXIT STATUS', body(doozerStatuses)],
    ['ERRORS', body(doozerErrors)],
    ['ENVIRONMENT', body(environment)],
    ['EXAMPLES', body(doozerExamples)],
    seeAlso('doozerd(8)', 'doozer-uri(7)', 'doozer-protocol(7)'),
  ]);
}

export function doozerdPage(version: string): string {
  const { environment, manner } = notesOf(doozerdNotes);
  const head = { name: 'doozerd', section: 8, summary: 'run a node of a doozer cluster', version };
  return page(head, [
    synopsis('doozerd', '[options]'),
    [
      'DESCRIPTION',
      body(`Runs one node of a doozer cluster until it is told to stop.\n\n${manner}`),
    ],
    ['OPTIONS', flagList(doozerdFlagTable, '-')],
    ['NETWORK', body(doozerdNetwork)],
    ['FILES', body(doozerdFiles)],
    ['SIGNALS', body(doozerdSignals)],
    ['EXIT STATUS', body(doozerdStatuses)],
    ['ENVIRONMENT', body(environment)],
    seeAlso('doozer(1)', 'doozer-uri(7)', 'doozer-protocol(7)'),
  ]);
}
