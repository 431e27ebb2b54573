// Looks for what grows unseen: long files, long functions, words that another word has replaced, tests
// that were switched off or focused. What is long for a reason says so in a comment that begins
// "Kept whole:", in the file's head or in the function.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { filesUnder, top } from './files.mjs';

/** Lines of a file, all counted. */
const fileLinesMax = 450;
/** Lines of a function in src/, without blanks and comments: beyond it no longer fits a screen. */
const functionLinesMax = 70;
/** Words that must not be used, and what to say instead: { 'old word': 'new word' }. */
const bannedWords = {};

const excuse = /\bKept whole: \S/;
const faults = [];
const code = ['src', 'test', 'firedrills', 'tools'].flatMap((folder) =>
  filesUnder(folder, '.ts', '.mjs', '.js'),
);

for (const file of code) {
  const text = readFileSync(join(top, file), 'utf8');
  const lines = text.split('\n');
  const inSource = file.startsWith('src/') && file.endsWith('.ts');
  if (lines.length - 1 > fileLinesMax && !excuse.test(lines.slice(0, 30).join('\n'))) {
    faults.push(
      `${file}: ${lines.length - 1} lines, ${fileLinesMax} are allowed; is it two things?`,
    );
  }
  lines.forEach((line, index) => {
    const where = `${file}:${index + 1}`;
    if (file.startsWith('test/') && /^\s*(it|test|describe)\.(skip|only|todo)\b/.test(line)) {
      faults.push(`${where}: a test that is skipped or focused`);
    }
    if (/\bTODO\b(?!\([^)]+#\d+\))/.test(line) && file !== 'tools/tidy.mjs') {
      faults.push(`${where}: a TODO has a name and an issue: TODO(name #12)`);
    }
    for (const [word, instead] of Object.entries(bannedWords)) {
      if (new RegExp(`\\b${word}\\b`, 'i').test(line)) {
        faults.push(`${where}: say "${instead}" instead of "${word}"`);
      }
    }
  });
  if (inSource && lines.length > functionLinesMax) checkFunctions(file, text);
}

for (const line of faults) console.error(line);
if (faults.length > 0) process.exit(1);
console.log(`tidy: ${code.length} files`);

function checkFunctions(file, text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
  const visit = (node) => {
    if (ts.isFunctionLike(node) && node.body !== undefined) {
      const whole = node.getFullText(source);
      const count = codeLines(node.getText(source));
      if (count > functionLinesMax && !excuse.test(whole)) {
        const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
        const name = node.name?.getText(source) ?? 'a function';
        faults.push(
          `${file}:${line + 1}: ${name} has ${count} lines, ${functionLinesMax} are allowed`,
        );
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
}

/** Lines that hold more than blanks and comments. */
function codeLines(text) {
  const bare = text.replace(/\/\*[\s\S]*?\*\//g, '').split('\n');
  return bare.filter((line) => line.trim() !== '' && !line.trim().startsWith('//')).length;
}
