import { existsSync, readFileSync } from 'node:fs';

/**
 * This release, as package.json says it. The file lies two folders above the source and three above
 * what was built of it.
 */
export function releaseVersion(): string {
  for (const up of ['../../package.json', '../../../package.json']) {
    const url = new URL(up, import.meta.url);
    if (!existsSync(url)) continue;
    const { version } = JSON.parse(readFileSync(url, 'utf8')) as { version?: unknown };
    if (typeof version === 'string') return version;
  }
  return 'unknown';
}
