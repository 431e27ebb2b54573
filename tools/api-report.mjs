// The public surface of the package, written out: docs/client-api.md shows every name that
// `import ... from 'doozer'` offers, with its declaration as it was built, and every type of ours that
// those name without offering it. A change of either is a change of that page, and so part of its review.
//
// `npm run api` writes the page; `npm run check:package` fails when it is not what was built.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { top } from './files.mjs';

/** Where the report is kept, and what it reports on. */
export const page = 'docs/client-api.md';
const entry = 'dist/src/connect/index.d.ts';
const columns = 100;

/** The page as it should be. Reads what was built. */
export function report() {
  const file = join(top, entry);
  const program = ts.createProgram({
    rootNames: [file],
    options: { module: ts.ModuleKind.NodeNext, noLib: true, types: [] },
  });
  const checker = program.getTypeChecker();
  const door = checker.getSymbolAtLocation(program.getSourceFile(file));
  const unalias = (symbol) =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const offered = checker.getExportsOfModule(door).map((symbol) => ({
    name: symbol.name,
    typeOnly: symbol.declarations.some(ts.isTypeOnlyExportDeclaration),
    symbol: unalias(symbol),
  }));
  const seen = new Set(offered.map(({ symbol }) => symbol));
  const named = [];
  for (const queue = [...offered]; queue.length > 0; ) {
    for (const symbol of namedBy(queue.shift())) {
      if (seen.has(symbol)) continue;
      seen.add(symbol);
      const found = { name: symbol.name, typeOnly: true, symbol };
      named.push(found);
      queue.push(found);
    }
  }
  return [head, ...sections(offered), between, ...sections(named)].join('\n');

  /** The symbols of ours that a declaration names, as far as an importer sees it. */
  function namedBy({ symbol, typeOnly }) {
    const found = [];
    const visit = (node) => {
      if (isHidden(node, typeOnly)) return;
      if (ts.isIdentifier(node)) {
        const at = checker.getSymbolAtLocation(node);
        const to = at && unalias(at);
        if (to?.declarations?.some((declaration) => isOurs(declaration))) found.push(to);
      }
      ts.forEachChild(node, visit);
    };
    for (const declaration of symbol.declarations) visit(declaration);
    return found;
  }
}

/** A declaration at the top of one of our files: not a member, not a parameter. */
function isOurs(declaration) {
  const source = declaration.getSourceFile();
  const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  return statement.parent === source && !source.fileName.includes('/node_modules/');
}

/** What an importer cannot use: private members; of a class whose type alone is offered, how it is made. */
function isHidden(node, typeOnly) {
  if (ts.isPropertyDeclaration(node) && ts.isPrivateIdentifier(node.name)) return true;
  if (typeOnly && ts.isConstructorDeclaration(node)) return true;
  const hiding = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  return ts.isClassElement(node) && (ts.getCombinedModifierFlags(node) & hiding) !== 0;
}

function sections(entries) {
  const key = ({ name }) => `${name.toLowerCase()} ${name}`;
  return entries
    .toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
    .map(({ name, symbol, typeOnly }) => {
      const texts = symbol.declarations.map((declaration) => declared(declaration, typeOnly));
      const kind = typeOnly && ts.isClassDeclaration(symbol.declarations[0]) ? ' (type only)' : '';
      return `### ${name}${kind}\n\n\`\`\`ts\n${texts.join('\n')}\n\`\`\`\n`;
    });
}

/** A declaration as it was built, without what is hidden, and of each comment what it begins with. */
function declared(declaration, typeOnly) {
  const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  const source = statement.getSourceFile();
  const cuts = [];
  const visit = (node) => {
    if (isHidden(node, typeOnly)) {
      cuts.push({ from: node.getFullStart(), to: node.end, text: '' });
      return;
    }
    ts.forEachChild(node, visit);
  };
  visit(statement);
  const from = statement.getFullStart();
  const whole = source.text.slice(from, statement.end);
  for (const { 0: comment, index } of whole.matchAll(/\/\*\*[\s\S]*?\*\//g)) {
    const at = from + index;
    if (cuts.some((cut) => cut.from <= at && at < cut.to)) continue;
    const column = at - (source.text.lastIndexOf('\n', at) + 1);
    const indent = /^\s*$/.test(source.text.slice(at - column, at)) ? column : 0;
    cuts.push({ from: at, to: at + comment.length, text: summary(comment, indent) });
  }
  let text = source.text.slice(from, statement.end);
  for (const cut of cuts.sort((a, b) => b.from - a.from)) {
    text = text.slice(0, cut.from - from) + cut.text + text.slice(cut.to - from);
  }
  return text
    .replace(/^(export )?(declare )?(?=class|function|type|interface|const|let|abstract)/m, '')
    .replace(/^ +/gm, ({ length }) => ' '.repeat(Math.floor(length / 4) * 2 + (length % 4)))
    .replace(/^( +.*\{)\n((?: +[^{}/*\n]+;\n)+) +(\}.*)$/gm, onOneLine)
    .trim();
}

/** A member that is a small record of its own, on one line if it fits there. */
function onOneLine(whole, open, fields, close) {
  const line = `${open} ${fields
    .trim()
    .replace(/\s*\n\s*/g, ' ')
    .replace(/;$/, '')} ${close}`;
  return line.length <= columns ? line : whole;
}

/** The first paragraph of a docstring, and what may be thrown. */
function summary(comment, indent) {
  const lines = comment
    .slice(3, -2)
    .split('\n')
    .map((line) => line.replace(/^\s*\*? ?/, '').trimEnd());
  const text = lines.join('\n').trim();
  const [first = ''] = text.startsWith('@') ? [] : text.split(/\n\s*\n|\n@/);
  const throws = [...text.matchAll(/(?:^|\n)(@throws[\s\S]*?)(?=\n\s*\n|\n@|$)/g)];
  const parts = [first, ...throws.map(([, tag]) => tag)].filter((part) => part !== '');
  const margin = ' '.repeat(indent);
  const wide = columns - indent / 2;
  const wrapped = parts.flatMap((part) => wrap(part.replace(/\s+/g, ' '), wide - 3));
  if (wrapped.length === 1 && wrapped[0].length + 7 <= wide) return `/** ${wrapped[0]} */`;
  return ['/**', ...wrapped.map((line) => `${margin} * ${line}`), `${margin} */`].join('\n');
}

function wrap(text, width) {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== '' && last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}

const head = `# The client library, name by name

Written by \`npm run api\` from what was built; do not edit. [client.md](client.md) tells how to use it. Of each comment
the first paragraph stands here, and what may be thrown.

## What \`doozer\` offers
`;

const between = `## What those name

These cannot be imported by name; their shapes are promised all the same.
`;

/** Where the page differs from what was built: lines that are to go and lines that are to come. */
export function differences() {
  const file = join(top, page);
  const is = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  const should = report().split('\n');
  if (is.join('\n') === should.join('\n')) return [];
  const lines = [
    ...is.filter((line) => !should.includes(line)).map((line) => `- ${line}`),
    ...should.filter((line) => !is.includes(line)).map((line) => `+ ${line}`),
  ];
  return lines.length > 0 ? lines : ['  the same lines in another order'];
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const build = [join(top, 'tools', 'build.mjs')];
  const built = spawnSync(process.execPath, build, { stdio: 'inherit' });
  if (built.status !== 0) process.exit(built.status ?? 1);
  writeFileSync(join(top, page), report());
  console.log(`${page} is written`);
}
