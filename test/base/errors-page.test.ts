import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { errorCodes } from '../../src/base/index.ts';

const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');

test('docs/errors.md says of each code the effect and the retry that the code says', () => {
  const told = [...page.matchAll(/^### (ERR_\w+)\n\neffect `(\w+)`, retry `(\w+)`$/gm)].map(
    ([, code, effect, retry]) => [code, { effect, retry }],
  );
  expect(Object.fromEntries(told)).toEqual(errorCodes);
});

test('docs/errors.md says of each code when, what to do, and what doozer clients see', () => {
  for (const section of page.split(/^### /m).slice(1)) {
    const [code = ''] = section.split('\n');
    for (const part of ['When', 'What to do', "Doozer's clients see"]) {
      expect(section, code).toContain(`- **${part}**: `);
    }
  }
});
