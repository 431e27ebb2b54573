// Writes the man pages (`npm run docs`).
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { releaseVersion } from '../../src/cli/index.ts';
import { folder, pages } from './pages.ts';

const top = fileURLToPath(new URL('../..', import.meta.url));
mkdirSync(join(top, folder), { recursive: true });
const all = Object.entries(pages(releaseVersion()));
for (const [file, text] of all) writeFileSync(join(top, folder, file), text);
console.log(`${folder}: ${all.length} pages written`);
