import type { Compare, Operation } from '../client/index.ts';
import type * as library from '../connect/index.ts';
import { Complaint } from './complaint.ts';
import { unquote } from './quoted.ts';

/** A word of a line, and where it begins, from 1. */
type Word =
  | { readonly kind: 'plain'; readonly text: string; readonly column: number }
  | { readonly kind: 'quoted'; readonly bytes: Uint8Array; readonly column: number };

/** How compares and operations are made; the client library's own, which is loaded late. */
export type Makers = Pick<typeof library, 'count' | 'create' | 'del' | 'get' | 'put' | 'when'>;

/** A transaction as it was written. */
export type TransactionText = {
  readonly compares: readonly Compare[];
  readonly ifTrue: readonly Operation[];
  readonly ifFalse: readonly Operation[];
};

type Relation = '=' | '!=' | '<' | '>';

/** Reads one line: its words from left to right. */
class Line {
  readonly #number: number;
  readonly #words: readonly Word[];
  /** Where the line ends, from 1. */
  readonly #endColumn: number;
  #next = 0;

  constructor(text: string, number: number) {
    this.#number = number;
    this.#endColumn = text.length + 1;
    this.#words = this.#split(text);
  }

  get isEmpty(): boolean {
    return this.#words.length === 0;
  }

  get hasMore(): boolean {
    return this.#next < this.#words.length;
  }

  /** The next word without quotes. */
  plain(wanted: string): string {
    const word = this.#take(wanted);
    return word.kind === 'plain'
      ? word.text
      : this.#wrongAt(word.column, `${wanted} is wanted here`);
  }

  body(): Uint8Array {
    const word = this.#take('a text in quotes');
    if (word.kind === 'quoted') return word.bytes;
    return this.#wrongAt(word.column, `a text in quotes is wanted here, not ${word.text}`);
  }

  path(): string {
    const path = this.plain('a path');
    return path.startsWith('/') ? path : this.wrong(`a path begins with a slash, ${path} does not`);
  }

  whole(wanted: string): number {
    const text = this.plain(wanted);
    const n = /^[+-]?[0-9]+$/.test(text) ? Number(text) : Number.NaN;
    return Number.isSafeInteger(n) ? n : this.wrong(`${wanted} is a whole number, not ${text}`);
  }

  relation(): Relation {
    const text = this.plain('a relation');
    if (text === '=' || text === '!=' || text === '<' || text === '>') return text;
    return this.wrong(`a relation is one of = != < >, not ${text}`);
  }

  /** A number that stands before a text in quotes, or as the last word. */
  optionalWhole(wanted: string): number | null {
    const word = this.#words[this.#next];
    return word?.kind === 'plain' && word.text !== 'lease' ? this.whole(wanted) : null;
  }

  /** `lease ID` at the end of the line. */
  optionalLease(): { lease: number } | Record<never, never> {
    if (!this.hasMore) return {};
    if (this.plain('"lease" or nothing') !== 'lease')
      return this.wrong('only "lease ID" may follow');
    const lease = this.whole('a lease');
    return lease > 0 ? { lease } : this.wrong('a lease is above 0');
  }

  end(): void {
    const word = this.#words[this.#next];
    if (word !== undefined) this.#wrongAt(word.column, 'nothing more is wanted here');
  }

  /** The last word that was taken is wrong. */
  wrong(reason: string): never {
    return this.#wrongAt(this.#words[this.#next - 1]?.column ?? 1, reason);
  }

  #take(wanted: string): Word {
    const word = this.#words[this.#next];
    if (word === undefined) return this.#wrongAt(this.#endColumn, `${wanted} is wanted here`);
    this.#next += 1;
    return word;
  }

  #split(text: string): Word[] {
    const words: Word[] = [];
    let at = 0;
    while (at < text.length) {
      const character = text.charAt(at);
      if (character === ' ' || character === '\t' || character === '\r') at += 1;
      else if (character === '#') break;
      else if (character === '"') {
        const quoted = unquote(text, at);
        if (quoted.kind === 'wrong') return this.#wrongAt(quoted.at + 1, quoted.reason);
        words.push({ kind: 'quoted', bytes: quoted.bytes, column: at + 1 });
        at = quoted.end;
      } else {
        const [word = ''] = /^[^\s"#]+/.exec(text.slice(at)) ?? [];
        words.push({ kind: 'plain', text: word, column: at + 1 });
        at += word.length;
      }
    }
    return words;
  }

  #wrongAt(column: number, reason: string): never {
    throw new Complaint(`Error: line ${this.#number}, column ${column}: ${reason}`);
  }
}

/** @throws Complaint, with line and column of what cannot be read. */
export function parseTransaction(text: string, make: Makers): TransactionText {
  const compares: Compare[] = [];
  const ifTrue: Operation[] = [];
  const ifFalse: Operation[] = [];
  let part: 'if' | 'then' | 'else' = 'if';
  let number = 0;
  for (const content of text.split('\n')) {
    number += 1;
    const line = new Line(content, number);
    if (line.isEmpty) continue;
    const word = line.plain('a word');
    if (word === 'then' && part === 'if') part = 'then';
    else if (word === 'else' && part === 'then') part = 'else';
    else if (word === 'then' || word === 'else') line.wrong(`"${word}" cannot stand here`);
    else if (part === 'if') compares.push(readCompare(word, line, make));
    else (part === 'then' ? ifTrue : ifFalse).push(readOperation(word, line, make));
    line.end();
  }
  if (part === 'if') {
    throw new Complaint(`Error: line ${number}, column 1: there is no line "then"`);
  }
  return { compares, ifTrue, ifFalse };
}

function readCompare(word: string, line: Line, { when }: Makers): Compare {
  switch (word) {
    case 'exists':
      return when.exists(line.path());
    case 'absent':
      return when.absent(line.path());
    case 'created':
      return when.created(line.path(), line.relation(), line.whole('a revision'));
    case 'changed':
      return when.changed(line.path(), line.relation(), line.whole('a revision'));
    case 'value':
      return when.value(line.path(), line.relation(), line.body());
    case 'lease': {
      const path = line.path();
      const relation = line.relation();
      if (relation !== '=' && relation !== '!=') return line.wrong('leases are = or !=');
      const lease = line.whole('a lease, or 0 for none,');
      if (lease < 0) return line.wrong('a lease is not below 0');
      return when.lease(path, relation, lease === 0 ? null : lease);
    }
    default:
      return line.wrong(
        `"${word}" is no compare; there are absent, changed, created, exists, lease and value, and "then" ends them`,
      );
  }
}

function readOperation(word: string, line: Line, make: Makers): Operation {
  switch (word) {
    case 'set': {
      const path = line.path();
      const guard = line.optionalWhole('a guard') ?? -1;
      return make.put(path, line.body(), { guard, ...line.optionalLease() });
    }
    case 'del':
      return make.del(line.path(), { guard: line.optionalWhole('a guard') ?? -1 });
    case 'get':
      return make.get(line.path());
    case 'create': {
      const prefix = line.path();
      return make.create(prefix, line.body(), line.optionalLease());
    }
    case 'count':
      return make.count(line.path(), line.whole('a difference'));
    default:
      return line.wrong(`"${word}" is no operation; there are count, create, del, get and set`);
  }
}
