// Runs scenario files: stories in plain text that say what was done and what was seen.
//
//   # Comments carry the plot.
//   set /a "two words" rev=0        <- a directive: a name, words, key=value arguments
//   more input, if there is any     <- input lines, up to the dashes
//   ----
//   applied revision=1              <- what the handler returned, up to a blank line
//
// An expectation that holds blank lines stands between doubled dashes:
//
//   show
//   ----
//   ----
//   first
//
//   third
//   ----
//   ----
//
// Words are split at white space; "..." keeps white space and takes JSON escapes. Everything a
// handler does not ask for fails with file and line, so a misspelt argument cannot pass unseen.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/** One command of a scenario, as its handler sees it. */
export type Directive = {
  readonly name: string;
  /** Arguments `key=value`. Those that the handler never looks at fail the scenario. */
  readonly args: ReadonlyMap<string, string>;
  /** Words without `key=`, in order. If the handler never looks at them there must be none. */
  readonly words: readonly string[];
  /** The lines between the directive and the dashes. If never looked at there must be none. */
  readonly input: string;
  /** Line of the directive in its file, from 1. */
  readonly line: number;
  /** `file:line`, for messages. */
  readonly where: string;
};

/** What answers a directive: the text that should stand under its dashes. */
export type Handle = (directive: Directive) => string | Promise<string>;

/** Handlers by directive name; other names fail. */
export type Handlers = Readonly<Record<string, Handle>>;

type SyncHandle = (directive: Directive) => string;
type SyncHandlers = Readonly<Record<string, SyncHandle>>;

type Parsed = {
  readonly name: string;
  readonly args: Map<string, string>;
  readonly words: string[];
};

type Block = {
  /** Comments, the directive's line and its input, as written. */
  readonly head: readonly string[];
  /** `null` for the comments after the last directive. */
  readonly directive: (Parsed & { readonly input: string; readonly line: number }) | null;
  expected: string;
};

/**
 * Registers one test per `.txt` file of `folder`. Each file is a story of its own: `begin` is called
 * for each and returns what handles its directives.
 */
export function describeScenarios(folder: URL | string, begin: () => Handle | Handlers): void {
  const path = pathOf(folder).replace(/\/$/, '');
  const files = readdirSync(path)
    .filter((name) => name.endsWith('.txt'))
    .sort();
  if (files.length === 0) throw new Error(`No scenario (*.txt) in "${path}"`);
  describe(relative(process.cwd(), path), () => {
    for (const name of files) test(name, () => runScenarioAsync(`${path}/${name}`, begin()));
  });
}

/**
 * Runs a scenario file: each directive goes to its handler, whose text must equal what stands under
 * the dashes. With `REWRITE=1` the file is rewritten with what was returned instead, and the change
 * is reviewed as a diff.
 */
export function runScenario(file: URL | string, handle: SyncHandle | SyncHandlers): void {
  const run = new Run(pathOf(file));
  for (const block of run.blocks) {
    const directive = run.begin(block);
    if (directive !== null) {
      const answer = pick(handle, directive);
      run.settle(
        block,
        directive,
        run.attempt(directive, () => answer(directive)),
      );
    }
  }
  run.finish();
}

/** The same for handlers that wait: one directive at a time, in the order of the file. */
export async function runScenarioAsync(
  file: URL | string,
  handle: Handle | Handlers,
): Promise<void> {
  const run = new Run(pathOf(file));
  for (const block of run.blocks) {
    const directive = run.begin(block);
    if (directive !== null) {
      const answer = pick(handle, directive);
      let actual: string;
      try {
        actual = await answer(directive);
      } catch (error) {
        throw located(directive, error);
      }
      run.settle(block, directive, actual);
    }
  }
  run.finish();
}

/** One directive that notes what its handler looked at. */
class WatchedDirective implements Directive {
  readonly name: string;
  readonly args: ReadonlyMap<string, string>;
  readonly line: number;
  readonly where: string;
  readonly #words: readonly string[];
  readonly #input: string;
  readonly #unread = new Set<string>();

  constructor(parsed: NonNullable<Block['directive']>, file: string) {
    this.name = parsed.name;
    this.line = parsed.line;
    this.where = `${relative(process.cwd(), file)}:${parsed.line}`;
    this.#words = parsed.words;
    this.#input = parsed.input;
    for (const key of parsed.args.keys()) this.#unread.add(`${key}=`);
    for (const word of parsed.words) this.#unread.add(word);
    if (parsed.input !== '') this.#unread.add('input lines');
    this.args = new WatchedMap(parsed.args, (key) => this.#unread.delete(`${key}=`));
  }

  get words(): readonly string[] {
    for (const word of this.#words) this.#unread.delete(word);
    return this.#words;
  }

  get input(): string {
    this.#unread.delete('input lines');
    return this.#input;
  }

  get unread(): readonly string[] {
    return [...this.#unread];
  }
}

/** A map that tells which keys were asked for; to go through it asks for all of them. */
class WatchedMap extends Map<string, string> {
  readonly #seen: (key: string) => void;

  constructor(entries: ReadonlyMap<string, string>, seen: (key: string) => void) {
    super();
    this.#seen = seen;
    for (const [key, value] of entries) super.set(key, value);
  }

  #seeAll(): void {
    for (const key of super.keys()) this.#seen(key);
  }

  override get(key: string): string | undefined {
    this.#seen(key);
    return super.get(key);
  }

  override has(key: string): boolean {
    this.#seen(key);
    return super.has(key);
  }

  override keys(): MapIterator<string> {
    this.#seeAll();
    return super.keys();
  }

  override values(): MapIterator<string> {
    this.#seeAll();
    return super.values();
  }

  override entries(): MapIterator<[string, string]> {
    this.#seeAll();
    return super.entries();
  }

  override [Symbol.iterator](): MapIterator<[string, string]> {
    return this.entries();
  }

  override forEach(see: (value: string, key: string, map: Map<string, string>) => void): void {
    this.#seeAll();
    super.forEach(see);
  }
}

class Run {
  readonly blocks: Block[];
  readonly #file: string;
  readonly #text: string;
  readonly #rewrite = process.env['REWRITE'] === '1';

  constructor(file: string) {
    this.#file = file;
    this.#text = readFileSync(file, 'utf8').replaceAll('\r\n', '\n');
    this.blocks = parse(this.#text, relative(process.cwd(), file));
  }

  begin(block: Block): WatchedDirective | null {
    return block.directive === null ? null : new WatchedDirective(block.directive, this.#file);
  }

  attempt(directive: WatchedDirective, answer: () => string): string {
    try {
      return answer();
    } catch (error) {
      throw located(directive, error);
    }
  }

  settle(block: Block, directive: WatchedDirective, text: string): void {
    const { unread, where } = directive;
    if (unread.length > 0) {
      throw new Error(`${where}: "${directive.name}" does not know ${unread.join(', ')}`);
    }
    const actual = text.replace(/^\n+/, '').trimEnd();
    if (this.#rewrite) block.expected = actual;
    else expect(actual, `${where}: ${directive.name}`).toBe(block.expected);
  }

  finish(): void {
    if (!this.#rewrite) return;
    const text = format(this.blocks);
    if (text !== this.#text) writeFileSync(this.#file, text);
  }
}

function pick<H>(handle: H | Readonly<Record<string, H>>, directive: Directive): H {
  if (typeof handle === 'function') return handle;
  const handlers = handle as Readonly<Record<string, H>>;
  const known = Object.hasOwn(handlers, directive.name) ? handlers[directive.name] : undefined;
  if (known === undefined) {
    const names = Object.keys(handlers).sort().join(', ');
    throw new Error(`${directive.where}: unknown directive "${directive.name}"; known: ${names}`);
  }
  return known;
}

/** The same error, saying where in the scenario it happened. */
function located(directive: Directive, error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  const wrapped = new Error(`${directive.where}: ${directive.name}: ${message}`, { cause: error });
  if (error instanceof Error && error.stack !== undefined) wrapped.stack = error.stack;
  return wrapped;
}

function pathOf(file: URL | string): string {
  return file instanceof URL ? fileURLToPath(file) : file;
}

const dashes = '----';

function parse(text: string, file: string): Block[] {
  const blocks: Block[] = [];
  const lines = text.split('\n');
  let i = 0;
  const fail = (line: number, message: string): never => {
    throw new Error(`${file}:${line}: ${message}`);
  };

  const readExpected = (): string => {
    const expected: string[] = [];
    if (lines[i] !== dashes) {
      while (i < lines.length && lines[i] !== '') expected.push(lines[i++] ?? '');
      return expected.join('\n');
    }
    const opened = i;
    i++;
    while (!(lines[i] === dashes && lines[i + 1] === dashes)) {
      if (i >= lines.length) fail(opened, 'the doubled dashes are never closed by doubled dashes');
      expected.push(lines[i++] ?? '');
    }
    i += 2;
    if (i < lines.length && lines[i] !== '') fail(i + 1, 'a blank line must follow an expectation');
    return expected.join('\n');
  };

  while (i < lines.length) {
    const head: string[] = [];
    while (i < lines.length && (lines[i] === '' || lines[i]?.startsWith('#'))) {
      head.push(lines[i++] ?? '');
    }
    if (i >= lines.length) {
      blocks.push({ head, directive: null, expected: '' });
      break;
    }
    const line = i + 1;
    const command = lines[i++] ?? '';
    if (command === dashes) fail(line, 'an expectation without a directive');
    const input: string[] = [];
    while (lines[i] !== dashes) {
      if (i >= lines.length || lines[i] === '') fail(line, `"${command}" has no ${dashes} line`);
      input.push(lines[i++] ?? '');
    }
    i++;
    head.push(command, ...input);
    const parsed = parseCommand(command, (message) => fail(line, message));
    const directive = { ...parsed, input: input.join('\n'), line };
    blocks.push({ head, directive, expected: readExpected() });
  }
  return blocks;
}

function parseCommand(command: string, fail: (message: string) => never): Parsed {
  const [name = '', ...rest] = command.match(/(?:"(?:[^"\\]|\\.)*"|[^\s"]|"(?=[^"]*$))+/g) ?? [];
  const args = new Map<string, string>();
  const words: string[] = [];
  for (const word of rest) {
    const [, key, value] = /^([A-Za-z_][\w.-]*)=(.*)$/s.exec(word) ?? [];
    if (key === undefined || value === undefined) words.push(unquote(word, fail));
    else if (args.has(key)) fail(`"${key}=" is given twice`);
    else args.set(key, unquote(value, fail));
  }
  return { name, args, words };
}

function unquote(word: string, fail: (message: string) => never): string {
  if (!word.includes('"')) return word;
  try {
    return String(JSON.parse(word));
  } catch {
    return fail(`cannot read ${word}: quotes go around a whole word or value, with JSON escapes`);
  }
}

function format(blocks: readonly Block[]): string {
  const lines: string[] = [];
  for (const { head, directive, expected } of blocks) {
    lines.push(...head);
    if (directive === null) continue;
    const seen = expected.split('\n');
    const doubled = expected !== '' && (seen.includes('') || seen.includes(dashes));
    if (doubled) lines.push(dashes, dashes, ...seen, dashes, dashes);
    else lines.push(dashes, ...(expected === '' ? [] : seen));
  }
  return lines.join('\n');
}
