import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** An example of a page, made a whole program. */
export type Example = {
  /** The heading it stands under, and which one of those it is: `Write 2`. */
  readonly name: string;
  /** TypeScript, an ECMAScript module. */
  readonly code: string;
};

/** Stands in the page's frame where an example is to be put. */
const place = '// The example.';

/**
 * The `ts` blocks of a page. One that imports nothing is put into the page's frame, the block that is marked
 * `ts frame`.
 */
export function examplesOf(page: string): Example[] {
  const text = readFileSync(fileURLToPath(new URL(`../../../${page}`, import.meta.url)), 'utf8');
  const frame = /^```ts frame\n([\s\S]*?)^```$/m.exec(text)?.[1] ?? place;
  const examples: Example[] = [];
  for (const section of text.split(/^## /m)) {
    const [heading = ''] = section.split('\n', 1);
    const blocks = [...section.matchAll(/^```ts\n([\s\S]*?)^```$/gm)];
    for (const [i, [, block = '']] of blocks.entries()) {
      const code = /^import /m.test(block) ? block : frame.replace(place, () => block);
      examples.push({ name: `${heading} ${i + 1}`, code });
    }
  }
  return examples;
}
