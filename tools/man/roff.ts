// Plain text, as help prints it, set for man(7).
//
// A paragraph is a run of lines without a blank one. Lines that stand at the margin are filled. Lines that are indented
// stay as they are, unless all of them say `  TERM  meaning`, with further lines of a meaning indented deeper:
// those are a list.

/** Columns of the source: linters complain beyond. */
const columns = 78;

/** `text` as troff shows it: quotes, dashes and tildes as a shell takes them when they are copied. */
export const escaped = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replaceAll(/^\./gm, '\\&.');

export const bold = (text: string): string => `\\fB${escaped(text)}\\fR`;
export const italic = (text: string): string => `\\fI${escaped(text)}\\fR`;

/** A term and what it means; the term is troff already. */
export const definition = (term: string, meaning: string): string =>
  `.TP\n${term}\n${filled(meaning)}`;

/** A paragraph's text, in lines that a linter lets pass. */
export function filled(text: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter(Boolean).map(escaped)) {
    if (line === '') line = word;
    else if (line.length + 1 + word.length <= columns) line += ` ${word}`;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line].map((each) => each.replace(/^\./, '\\&.')).join('\n');
}

/** Paragraphs of plain text. */
export function body(text: string): string {
  const parts = text
    .replace(/^\n+|\s+$/g, '')
    .split(/\n{2,}/)
    .flatMap((paragraph) => runsOf(paragraph.split('\n')));
  return parts
    .map((run, i) => (i === 0 && run.startsWith('.PP\n') ? run.slice(4) : run))
    .join('\n');
}

/** A paragraph's runs of filled and of indented lines. */
function runsOf(lines: readonly string[]): string[] {
  const runs: { indented: boolean; lines: string[] }[] = [];
  for (const line of lines) {
    const indented = line.startsWith('  ');
    const run = runs.at(-1);
    if (run?.indented === indented) run.lines.push(line);
    else runs.push({ indented, lines: [line] });
  }
  return runs.map((run) => {
    if (!run.indented) return `.PP\n${filled(run.lines.join(' '))}`;
    return listOf(run.lines) ?? literal(run.lines);
  });
}

function listOf(lines: readonly string[]): string | null {
  const items: { term: string; meaning: string }[] = [];
  for (const line of lines) {
    const [, term, meaning] = /^ {2}(\S.*?) {2,}(\S.*)$/.exec(line) ?? [];
    const item = items.at(-1);
    if (term !== undefined && meaning !== undefined) items.push({ term, meaning });
    else if (item !== undefined && /^ {4,}/.test(line)) item.meaning += ` ${line.trim()}`;
    else return null;
  }
  return items.map(({ meaning, term }) => definition(bold(term), meaning)).join('\n');
}

const literal = (lines: readonly string[]): string => {
  const inside = lines.map((line) => escaped(line.slice(2)));
  return ['.PP', '.RS 4', '.nf', ...inside, '.fi', '.RE'].join('\n');
};

export type Section = readonly [title: string, set: string];

export type Head = {
  readonly name: string;
  readonly section: number;
  /** What `apropos` shows. */
  readonly summary: string;
  readonly version: string;
};

/** A whole page. */
export function page(
  { name, section, summary, version }: Head,
  sections: readonly Section[],
): string {
  const title = name.toUpperCase().replaceAll('-', '\\-');
  const all: readonly Section[] = [
    ['NAME', `${escaped(name)} \\- ${escaped(summary)}`],
    ...sections,
  ];
  return [
    '.\\" Written by `npm run docs` from tools/man and the tables of src/cli. Changes here are lost.',
    `.TH ${title} ${section} "" "doozer ${version}" "doozer"`,
    ...all.flatMap(([heading, text]) => [`.SH ${heading}`, text]),
    '',
  ].join('\n');
}

/** What to read next, in the order given. */
export const seeAlso = (...pages: readonly string[]): Section => [
  'SEE ALSO',
  pages.map((text) => bold(text).replace(/\((\d)\)\\fR$/, '\\fR($1)')).join(',\n'),
];
