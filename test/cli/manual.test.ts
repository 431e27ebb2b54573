import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { status } from '../../src/cli/complaint.ts';
import { doozerFlagTable } from '../../src/cli/doozer-program.ts';
import { doozerdFlagTable } from '../../src/cli/doozerd-program.ts';
import { verbs } from '../../src/cli/verbs.ts';
import { releaseVersion } from '../../src/cli/version.ts';
import { folder, pages } from '../../tools/man/pages.ts';
import { body, escaped } from '../../tools/man/roff.ts';

const top = fileURLToPath(new URL('../..', import.meta.url));
const written = pages(releaseVersion());
const read = (file: string): string => readFileSync(`${top}${folder}/${file}`, 'utf8');

/** As a reader sees the words. */
const plain = (text: string): string =>
  text
    .replaceAll(/\\f[BIR]/g, '')
    .replaceAll('\\-', '-')
    .replaceAll('\\(aq', "'")
    .replaceAll(/\s+/g, ' ');

describe('the man pages', () => {
  it.each(Object.keys(written))('%s is what the tables say; else: npm run docs', (file) => {
    expect(read(file)).toBe(written[file]);
  });

  it('are installed with the package', () => {
    const { files, man } = JSON.parse(readFileSync(`${top}package.json`, 'utf8'));
    expect(man.toSorted()).toEqual(
      Object.keys(written)
        .map((file) => `${folder}/${file}`)
        .toSorted(),
    );
    expect(files).toContain(folder);
  });

  it('doozer(1) holds every command, option and exit status', () => {
    const page = plain(read('doozer.1'));
    for (const verb of verbs) {
      expect(page).toContain(`.SS ${verb.name}`);
      const [first = ''] = verb.help.split('\n\n');
      expect(page).toContain(plain(first.replaceAll(/^ +/gm, '')).slice(0, 60));
    }
    for (const { name } of doozerFlagTable) expect(page).toMatch(new RegExp(`TP -{1,2}${name} `));
    for (const n of new Set(Object.values(status))) expect(page).toContain(`.TP ${n} `);
  });

  it('doozerd(8) holds every option', () => {
    const page = plain(read('doozerd.8'));
    for (const { name } of doozerdFlagTable) expect(page).toContain(`.TP -${name} `);
  });

  it.runIf(spawnSync('man', ['--version']).status === 0)(
    'man has nothing to say against them',
    () => {
      for (const file of Object.keys(written)) {
        const words = [
          '--warnings',
          '-E',
          'UTF-8',
          '-l',
          '-Tutf8',
          '-Z',
          `${top}${folder}/${file}`,
        ];
        const { status: ended, stderr } = spawnSync('man', words, {
          env: { ...process.env, MANROFFSEQ: '' },
        });
        expect([file, ended, stderr.toString()]).toEqual([file, 0, '']);
      }
    },
  );

  it.runIf(spawnSync('mandoc', ['-Tlint', '/dev/null']).error === undefined)(
    'mandoc neither',
    () => {
      for (const file of Object.keys(written)) {
        const { stdout } = spawnSync('mandoc', ['-Tlint', '-Wwarning', `${top}${folder}/${file}`]);
        expect(stdout.toString().replaceAll(/.*missing date.*\n/g, '')).toBe('');
      }
    },
  );
});

describe('plain text set for man', () => {
  it('fills what stands at the margin, and keeps what is indented', () => {
    expect(body('one\ntwo\n\n  a -b\n  c')).toBe('one two\n.PP\n.RS 4\n.nf\na \\-b\nc\n.fi\n.RE');
  });

  it('takes terms with meanings for a list', () => {
    expect(body('Such:\n  a <b>  means\n         much\n  c      little')).toBe(
      'Such:\n.TP\n\\fBa <b>\\fR\nmeans much\n.TP\n\\fBc\\fR\nlittle',
    );
  });

  it('shows what a shell would take as it is', () => {
    expect(escaped(".a\\n 'x' ~ `y` -z")).toBe('\\&.a\\en \\(aqx\\(aq \\(ti \\(gay\\(ga \\-z');
  });
});
