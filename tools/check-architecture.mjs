// Runs dependency-cruiser over the source and shows what broke which law. Guards the guard: a cruise
// that read fewer files than there are (say, because it cannot parse TypeScript) has seen nothing
// and must not pass.
import { readFileSync } from 'node:fs';
import { cruise } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import config from '../.dependency-cruiser.mjs';
import { filesUnder, top } from './files.mjs';

process.chdir(top);
const folders = ['src', 'bin', 'firedrills', 'tools'];
const files = folders.flatMap((folder) => filesUnder(folder, '.ts', '.js', '.mjs'));
const sources = files.filter((file) => !file.startsWith('src/doors/web/'));

const { forbidden, options } = config;
const { output } = await cruise(
  folders.filter((folder) => sources.some((file) => file.startsWith(`${folder}/`))),
  { ...options, validate: true, ruleSet: { forbidden } },
  options.enhancedResolveOptions,
  { tsConfig: extractTSConfig(options.tsConfig.fileName) },
);

const read = new Map(
  output.modules.map(({ source, dependencies }) => [source, dependencies.length]),
);
const links = sources.reduce((sum, file) => sum + (read.get(file) ?? 0), 0);
const importing = /^(?:import|export)\b[^;]*?\bfrom '/m;
const unread = sources.filter(
  (file) => !read.get(file) && (!read.has(file) || importing.test(readFileSync(file, 'utf8'))),
);

const { violations } = output.summary;
if (unread.length > 0) {
  console.error('dependency-cruiser saw too little to vouch for anything');
  for (const file of unread) console.error(`  not read: ${file}`);
} else if (process.argv.includes('--json')) {
  console.log(JSON.stringify(violations));
} else {
  const comments = new Map(forbidden.map(({ name, comment }) => [name, comment]));
  for (const { rule, from, to, cycle } of violations) {
    const way = cycle?.map(({ name }) => name).join(' -> ') ?? to;
    console.error(`${rule.name}: ${from}${from === to ? '' : ` -> ${way}`}`);
    console.error(`    ${comments.get(rule.name)}`);
  }
  if (violations.length === 0) {
    console.log(`architecture: ${sources.length} files, ${links} imports, no law broken`);
  }
}
process.exitCode = unread.length + violations.length > 0 ? 1 : 0;
