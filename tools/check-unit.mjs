// Has systemd read the unit in docs/deploy, and judge how much it lets the service do. Left out, and said so, where
// there is no systemd-analyze.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { top } from './files.mjs';

/** systemd's own scale: 0 may do nothing, 10 everything; what it calls "OK" ends at 5. */
const exposureMax = 3;

const unit = join(top, 'docs', 'deploy', 'doozerd.service');
const folder = mkdtempSync(join(tmpdir(), 'doozer-unit-'));
const analyze = (...words) =>
  spawnSync('systemd-analyze', words, { encoding: 'utf8', timeout: 30_000 });

try {
  if (analyze('--version').error !== undefined) {
    console.log('left out: there is no systemd-analyze here (Debian: apt-get install systemd)');
  } else {
    // Only the path of the program is another one here.
    const copy = join(folder, 'doozerd.service');
    writeFileSync(copy, readFileSync(unit, 'utf8').replace('/usr/bin/doozerd', process.execPath));
    const verified = analyze('verify', '--man=no', copy);
    const words = `${verified.stdout}${verified.stderr}`
      .split('\n')
      .filter((line) => line.includes('doozerd.service'));
    if (words.length > 0) fail(`systemd-analyze verify: ${words.join('\n')}`);
    const judged = analyze('security', '--offline=true', `--threshold=${exposureMax * 10}`, copy);
    const verdict = /Overall exposure level.*/.exec(judged.stdout)?.[0];
    // Versions before 250 look at running services only.
    if (verdict === undefined) console.log('left out: this systemd-analyze cannot judge a file');
    else if (judged.status !== 0) fail(`${verdict}; at most ${exposureMax} is wanted`);
    else console.log(verdict.replace(copy, 'doozerd.service'));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function fail(words) {
  console.error(words);
  process.exitCode = 1;
}
