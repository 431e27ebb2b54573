// Keeps what is written true: links lead somewhere, what others rely on is documented, and the pages
// that list errors, invariants and rooms are equal to the code. A page may be absent only as long as
// there is no docs/ folder at all.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import ts from 'typescript';
import { filesUnder, top } from './files.mjs';
import { page as housePage, withHouse } from './print-house.mjs';

const read = (file) => readFileSync(join(top, file), 'utf8');
const faults = [];
const fault = (where, what) => faults.push(`${where}: ${what}`);

const pages = filesUnder('.', '.md');
checkLinks();
checkDocstrings();
if (existsSync(join(top, 'docs'))) {
  checkHouse();
  checkErrors();
  checkInvariants();
} else {
  console.log('docs/ is not written yet: its pages are not compared with the code');
}

for (const line of faults) console.error(line);
if (faults.length > 0) process.exit(1);
console.log(`docs: ${pages.length} pages, links and lists hold`);

/** Every relative link leads to a file, and to a heading in it if it names one. */
function checkLinks() {
  const anchors = new Map();
  const anchorsOf = (file) => {
    if (!anchors.has(file)) anchors.set(file, headingAnchors(read(file)));
    return anchors.get(file);
  };
  for (const file of pages) {
    prose(read(file)).forEach((line, index) => {
      for (const [, target] of line.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g)) {
        if (/^[a-z][a-z0-9+.-]*:/i.test(target)) continue;
        const where = `${file}:${index + 1}`;
        const [path, anchor] = decodeURIComponent(target).split('#');
        const to = path === '' ? file : posix.normalize(posix.join(dirname(file), path));
        if (to.startsWith('..') || !existsSync(join(top, to))) {
          fault(where, `"${target}" leads nowhere`);
        } else if (anchor && to.endsWith('.md') && !anchorsOf(to).has(anchor)) {
          fault(where, `${to} has no heading "#${anchor}"`);
        }
      }
    });
  }
}

/** The lines of a page, those of code blocks and the code in others blanked. */
function prose(text) {
  let fence = null;
  return text.split('\n').map((line) => {
    const [, mark] = /^\s*(`{3,}|~{3,})/.exec(line) ?? [];
    if (mark !== undefined && fence === null) fence = mark;
    else if (mark?.startsWith(fence) && line.trim() === mark) fence = null;
    else if (fence === null) return line.replace(/`[^`]*`/g, '');
    return '';
  });
}

/** The anchors that headings get where the repository is shown. */
function headingAnchors(text) {
  const seen = new Map();
  const anchors = new Set();
  for (const [, title] of text.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const plain = title.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = plain.replace(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  for (const [, name] of text.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(name);
  return anchors;
}

/** What others rely on says what it promises: the library's exported names, and every part of a port. */
function checkDocstrings() {
  const doors = ['src/client/index.ts', 'src/connect/index.ts'];
  const ports = filesUnder('src/ports', '.ts').filter((file) => !file.endsWith('/index.ts'));
  const files = [...doors, ...ports].filter((file) => existsSync(join(top, file)));
  if (files.length === 0) return;
  const program = ts.createProgram({
    rootNames: files.map((file) => join(top, file)),
    options: {
      module: ts.ModuleKind.NodeNext,
      target: ts.ScriptTarget.ES2023,
      allowImportingTsExtensions: true,
      noEmit: true,
      noLib: true,
      types: [],
    },
  });
  const checker = program.getTypeChecker();
  const documented = (symbol) => symbol.getDocumentationComment(checker).length > 0;

  for (const file of doors.filter((name) => files.includes(name))) {
    const source = program.getSourceFile(join(top, file));
    const door = checker.getSymbolAtLocation(source);
    for (const exported of door === undefined ? [] : checker.getExportsOfModule(door)) {
      const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0;
      const symbol = isAlias ? checker.getAliasedSymbol(exported) : exported;
      if (!documented(symbol)) fault(file, `"${exported.name}" has no docstring`);
    }
  }

  for (const file of ports.filter((name) => files.includes(name))) {
    const source = program.getSourceFile(join(top, file));
    for (const statement of source.statements) {
      if (!ts.isTypeAliasDeclaration(statement) && !ts.isInterfaceDeclaration(statement)) continue;
      const name = statement.name.text;
      const place = (node) => {
        const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
        return `${file}:${line + 1}`;
      };
      if (!documented(checker.getSymbolAtLocation(statement.name))) {
        fault(place(statement), `"${name}" has no docstring`);
      }
      for (const member of membersOf(statement)) {
        const symbol = member.name && checker.getSymbolAtLocation(member.name);
        if (symbol !== undefined && !documented(symbol)) {
          fault(place(member), `"${name}.${member.name.getText(source)}" has no docstring`);
        }
      }
    }
  }
}

/** The members of a port; the variants of a union are told by the union's own docstring. */
function membersOf(statement) {
  if (ts.isInterfaceDeclaration(statement)) return statement.members;
  const { type } = statement;
  const parts = ts.isIntersectionTypeNode(type) ? type.types : [type];
  return parts.filter(ts.isTypeLiteralNode).flatMap(({ members }) => [...members]);
}

function checkHouse() {
  const text = existsSync(join(top, housePage)) ? read(housePage) : null;
  if (text === null) fault(housePage, 'is missing');
  else if (withHouse(text) !== text)
    fault(housePage, 'does not show the rooms as they are: npm run docs');
}

/** docs/errors.md has one section for each row of the table in src/base/errors.ts, and no other. */
function checkErrors() {
  const [page, table] = ['docs/errors.md', 'src/base/errors.ts'];
  if (!existsSync(join(top, table))) return;
  if (!existsSync(join(top, page))) {
    fault(page, 'is missing');
    return;
  }
  const rows = allMatches(read(table), /^ {2}(ERR_[A-Z0-9_]+):/gm);
  const sections = allMatches(read(page), /^#{2,6}\s+`?(ERR_[A-Z0-9_]+)`?/gm);
  for (const code of rows) if (!sections.includes(code)) fault(page, `no section for ${code}`);
  for (const code of new Set(sections))
    if (!rows.includes(code)) fault(page, `${code} is not in ${table}`);
  for (const code of new Set(sections)) {
    if (sections.indexOf(code) !== sections.lastIndexOf(code))
      fault(page, `${code} has two sections`);
  }
}

/**
 * docs/invariants.md lists every id that a claim in the code begins with (`'R1: applied <= ...'`).
 * Each id's row or section names, in backticks, the files or folders where it is checked; they exist
 * and mention the id.
 */
function checkInvariants() {
  const page = 'docs/invariants.md';
  if (!existsSync(join(top, page))) {
    fault(page, 'is missing');
    return;
  }
  const listed = new Map();
  let current = null;
  for (const line of read(page).split('\n')) {
    const [, row] = /^\s*(?:\|\s*|[-*]\s+)(?:\*\*|`)?([RDTWN]\d{1,2})\b/.exec(line) ?? [];
    const [, section] = /^#{2,6}\s+`?([RDTWN]\d{1,2})\b/.exec(line) ?? [];
    const id = row ?? section;
    if (id !== undefined) {
      if (listed.has(id)) fault(page, `${id} is listed twice`);
      listed.set(id, []);
    }
    // A section goes on until the next heading, a row is one line.
    if (section !== undefined) current = section;
    else if (/^#/.test(line)) current = null;
    const named = allMatches(line, /`((?:src|test|firedrills|tools)\/[^`\s]+)`/g);
    listed.get(id ?? current)?.push(...named);
  }

  const code = [...filesUnder('src', '.ts'), ...filesUnder('test', '.ts')].filter(
    (file) => !file.startsWith('test/architecture/'),
  );
  for (const file of code) {
    for (const id of new Set(allMatches(read(file), /['"`]([RDTWN]\d{1,2}): /g))) {
      if (!listed.has(id)) fault(file, `asserts ${id}, which ${page} does not list`);
    }
  }
  for (const [id, places] of listed) {
    if (places.length === 0) fault(page, `${id} names no file where it is checked`);
    for (const place of places) {
      if (!existsSync(join(top, place))) fault(page, `${id}: ${place} does not exist`);
      else if (!mentions(place, id)) fault(page, `${id}: ${place} does not mention it`);
    }
  }
}

function mentions(place, id) {
  const isFolder = statSync(join(top, place)).isDirectory();
  const files = isFolder ? filesUnder(place.replace(/\/$/, ''), '') : [place];
  return files.some((file) => new RegExp(`\\b${id}\\b`).test(read(file)));
}

function allMatches(text, pattern) {
  return [...text.matchAll(pattern)].map(([, found]) => found);
}
