// Reads the conformance suite: cases in plain text, as docs/protocol.md describes the form.
import { readdirSync, readFileSync } from 'node:fs';

/** One line of a case. */
export type Step = {
  /**
   * `send`: these bytes are written. `receive`: the next frame is these bytes. `receiveAny`: as
   * `receive`, in any order among its neighbours of the same kind. `closed`: the node closes the
   * connection, without another byte.
   */
  readonly kind: 'send' | 'receive' | 'receiveAny' | 'closed';
  readonly connection: 'a' | 'b';
  /** Bytes with variables in them; empty for `closed`. */
  readonly bytes: string;
  /** The same for people; checked against the bytes. `null`: said in brackets, and not checked. */
  readonly reads: string | null;
  readonly line: number;
};

/** Which secrets a node was started with, or that its history is short. */
export type Setting = 'plain' | 'rw' | 'both' | 'forgetful';

export type Case = {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  /** Chapter and verse: "doozer 3.6 GET". */
  readonly see: string;
  /** Why the answer is not the original's; `null`: it is. */
  readonly differs: string | null;
  readonly setting: Setting;
  readonly steps: readonly Step[];
};

type Head = Omit<Case, 'steps'>;

const folder = new URL('../', import.meta.url);
const settings: readonly Setting[] = ['plain', 'rw', 'both', 'forgetful'];
const kinds = { '>': 'send', '<': 'receive', '~': 'receiveAny', '!': 'closed' } as const;

/** Names of the files, in order. */
export const caseFiles: readonly string[] = readdirSync(folder)
  .filter((name) => name.endsWith('.txt'))
  .sort();

/** The cases of one file, in order. */
export function readCases(file: string): readonly Case[] {
  const cases: (Head & { readonly steps: Step[] })[] = [];
  const text = readFileSync(new URL(file, folder), 'utf8');
  for (const [index, raw] of text.split('\n').entries()) {
    const line = index + 1;
    const said = raw.trimEnd();
    if (said === '' || said.startsWith('#')) continue;
    const fail = (why: string): never => {
      throw new Error(`test/conformance/${file}:${line}: ${why}`);
    };
    if (said.startsWith('= ')) {
      const name = said.slice(2);
      cases.push({ name, file, line, see: '', differs: null, setting: 'plain', steps: [] });
      continue;
    }
    const last = cases.at(-1) ?? fail('a line before the first case');
    const step = stepOf(said, line);
    if (step !== null) last.steps.push(step);
    else cases[cases.length - 1] = { ...last, ...headOf(said, fail) };
  }
  return cases;
}

function headOf(said: string, fail: (why: string) => never): Partial<Head> {
  const [word = '', ...rest] = said.split(' ');
  const value = rest.join(' ');
  if (word === 'see') return { see: value };
  if (word === 'differs') return { differs: value };
  const setting = settings.find((known) => known === value);
  if (word === 'at' && setting !== undefined) return { setting };
  return fail(`"${said}" is no line of a case`);
}

function stepOf(said: string, line: number): Step | null {
  const form = /^(b?)([<>~!]) ?([^;]*?) *(?:; (.*))?$/.exec(said);
  if (form === null) return null;
  const [, b, sign = '', bytes = '', comment = ''] = form;
  const kind = kinds[sign as keyof typeof kinds];
  const reads = comment === '' || comment.startsWith('(') ? null : comment;
  return { kind, connection: b === 'b' ? 'b' : 'a', bytes, reads, line };
}
