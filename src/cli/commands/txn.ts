import { limits } from '../../base/index.ts';
import type { Decision, Operation } from '../../client/index.ts';
import { Complaint, status } from '../complaint.ts';
import { bytesField, type Json, jsonLine } from '../output.ts';
import { quote } from '../quoted.ts';
import { parseTransaction } from '../txn-text.ts';
import type { Verb } from '../verb.ts';

export const txn: Verb = {
  name: 'txn',
  args: [],
  summary: 'compare and write several files at once',
  help: `Reads a transaction from standard input: compares, a line "then", operations, and perhaps a line "else" with other
operations. If all compares hold, the first operations are done, else the others: at one moment, whole, or, if one
of them is refused, not at all. One compare or operation a line; "#" begins a comment.

Compares. Of a missing file the revisions are 0 and the lease is 0; its value is only ever !=.
  exists PATH                absent PATH
  created PATH RELATION REV  the revision that made the file; RELATION is one of = != < >
  changed PATH RELATION REV  the revision of its last write
  value PATH RELATION "TEXT"
  lease PATH RELATION ID     = or !=

Operations. REV is a guard as of set and del: default -1, whatever is there.
  set PATH [REV] "TEXT" [lease ID]
  del PATH [REV]
  get PATH
  create PREFIX "TEXT" [lease ID]  a file with a name that rises, as PREFIX0000000000000042
  count PATH DIFFERENCE            adds to a whole number; a missing file counts as 0

In a TEXT, \\" \\\\ \\n \\r \\t and \\xNN stand for a quote, a backslash, line feed, carriage return, tab, and any byte.

Prints a line for each operation that was done: its name, the path, the revision the file has now (0: there is
none; of del, the one it took), and of count the sum, of get the text in quotes. The exit status is 0 if the compares
held, 1 if not. With -json each is {"operation": NAME, "path": PATH, "revision": REV}, with "sum" of count and "body" or,
where it is no UTF-8, "bodyBase64" of get.

  doozer txn <<END
  changed /config/colour = 17
  absent /frozen
  then
  set /config/colour "blue"
  count /config/changes +1
  else
  get /config/colour
  END`,
  run: async ({ connect, isJson, terminal }) => {
    const text = textOfInput(await terminal.readInput(limits.frameBytesMax));
    const transaction = parseTransaction(text, await import('../../connect/index.ts'));
    const client = await connect();
    const decision: Decision = await client.transact(transaction);
    const operations = decision.succeeded ? transaction.ifTrue : transaction.ifFalse;
    const lines = operations.map((operation, i) => {
      const result = decision.results[i];
      return isJson ? jsonLine(jsonOf(operation, result)) : lineOf(operation, result);
    });
    if (lines.length > 0) await terminal.write(lines.join(''));
    return decision.succeeded ? status.done : status.not;
  },
};

function textOfInput(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Complaint('Error: the transaction is no UTF-8 text; write other bytes as \\xNN');
  }
}

/** What came of an operation, whichever it was. */
type Result =
  | {
      readonly revision: number;
      readonly path?: string;
      readonly body?: Uint8Array;
      readonly value?: number;
    }
  | null
  | undefined;

function lineOf(operation: Operation, result: Result): string {
  const { body, name, path, revision, sum } = partsOf(operation, result);
  const more = body !== null ? ` ${quote(body)}` : sum !== null ? ` ${sum}` : '';
  return `${name} ${path} ${revision}${more}\n`;
}

function jsonOf(operation: Operation, result: Result): Json {
  const { body, name, path, revision, sum } = partsOf(operation, result);
  return {
    operation: name,
    path,
    revision,
    ...(body !== null && bytesField('body', body)),
    ...(sum !== null && { sum }),
  };
}

/** What is told of an operation. */
function partsOf(operation: Operation, result: Result) {
  return {
    name: operation.kind === 'delete' ? 'del' : operation.kind,
    path: result?.path ?? pathOf(operation),
    revision: result?.revision ?? 0,
    body: result?.body ?? null,
    sum: result?.value ?? null,
  };
}

const pathOf = (operation: Operation): string =>
  operation.kind === 'create' ? operation.prefix : operation.path;
