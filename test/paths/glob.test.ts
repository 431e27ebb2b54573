import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { must } from '../../src/base/index.ts';
import { compileGlob, isBelow, parsePath, path } from '../../src/paths/index.ts';

const glob = (text: string) => must(compileGlob(text), `"${text}" is a glob`);

describe('compileGlob()', () => {
  for (const text of ['/', '/a', '/*', '/**', '/a*b?/c', '/?', '/***', '/a/**/b', '/_*:@+=~,']) {
    test(`takes ${text}`, () => {
      expect(glob(text).text).toBe(text);
    });
  }
  for (const text of [
    '',
    '*',
    'a',
    '/*/',
    '//',
    '/a//*',
    '/[a]',
    '/a b',
    '/{a,b} ',
    '/\\*',
    '/**/',
  ]) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      expect(compileGlob(text)).toBe(null);
    });
  }
});

// The table of the specification, 4.2, and what follows from it.
const table: readonly [text: string, yes: string, no: string][] = [
  ['/**', '/ /a /a/b /a/b/c', ''],
  ['/*', '/ /a /abc', '/a/b /abc/d'],
  ['/a', '/a', '/ /b /a/b /ab'],
  ['/', '/', '/a'],
  ['/**/b', '/a/b /a/x/b', '/b /ab /a/bc /a/b/c'],
  ['/a/**', '/a/b /a/b/c', '/a / /ab'],
  ['/a**', '/a /ab /a/b /ab/c', '/ /b/a'],
  ['/**b', '/b /ab /a/b', '/ /ba /b/a'],
  ['/?', '/a /b', '/ /ab /a/b'],
  ['/a?b', '/axb', '/ab /a/b /axxb'],
  ['/a*b', '/ab /axb /axxb', '/a/b /axb/b /abx'],
  ['/a/*/c', '/a/b/c /a/bb/c', '/a/c /a/b/b/c /a/b/cc'],
  ['/***', '/ /a /a/b', ''],
  ['/a***b', '/ab /a/b /axb /a/x/yb', '/a'],
  ['/****', '/ /a /a/b/c', ''],
  ['/*?', '/a /ab', '/ /a/b'],
  ['/**?', '/a /ab /a/b', '/'],
  ['/?**', '/a /ab /a/b', '/'],
  ['/*a*', '/a /bab /ab', '/ /b /a/b /b/a'],
  ['/**/a/**', '/x/a/y /x/y/a/z/w', '/a/y /x/a'],
  ['/*/*', '/a/b', '/ /a /a/b/c'],
  ['/a*/b*/c', '/a/b/c /ax/by/c', '/a/c /ax/by/z/c'],
  ['/ab*ab', '/abab /abxab', '/ab'],
  ['/**a/b*c', '/a/bc /x/ya/b-c', '/a/b/c /a/x/bc'],
];

describe('matches()', () => {
  for (const [text, yes, no] of table) {
    test(`${text}`, () => {
      const compiled = glob(text);
      for (const one of yes.split(' ')) expect(compiled.matches(path(one)), one).toBe(true);
      for (const one of no.split(' ').filter(Boolean)) {
        expect(compiled.matches(path(one)), one).toBe(false);
      }
    });
  }

  /** What the specification says, word by word, and slowly. */
  function slowly(pattern: string, text: string): boolean {
    if (pattern === '') return text === '';
    if (pattern.startsWith('**')) {
      for (let i = 0; i <= text.length; i++) {
        if (slowly(pattern.slice(2), text.slice(i))) return true;
      }
      return false;
    }
    const [first = '', rest] = [pattern[0], pattern.slice(1)];
    if (first === '*') {
      for (let i = 0; i === 0 || (i <= text.length && text[i - 1] !== '/'); i++) {
        if (slowly(rest, text.slice(i))) return true;
      }
      return false;
    }
    if (text === '') return false;
    return (first === '?' ? text[0] !== '/' : first === text[0]) && slowly(rest, text.slice(1));
  }

  const part = (letters: string) =>
    fc.string({ unit: fc.constantFrom(...letters.split('')), minLength: 1, maxLength: 8 });

  test('agrees with the specification taken literally', () => {
    let matched = 0;
    fc.assert(
      fc.property(part('ab/**?'), part('ab/'), (pattern, text) => {
        const [compiled, checked] = [compileGlob(`/${pattern}`), parsePath(`/${text}`)];
        fc.pre(compiled !== null && checked !== null);
        if (compiled.matches(checked)) matched++;
        expect(compiled.matches(checked)).toBe(slowly(compiled.text, checked));
      }),
      { numRuns: 2000 },
    );
    expect(matched).toBeGreaterThan(50);
  });

  test('what matches begins with the head and lies in the prefix', () => {
    fc.assert(
      fc.property(part('ab/*?'), part('ab/'), (pattern, text) => {
        const [compiled, checked] = [compileGlob(`/${pattern}`), parsePath(`/${text}`)];
        fc.pre(compiled !== null && checked !== null);
        fc.pre(compiled.matches(checked));
        expect(checked.startsWith(compiled.head)).toBe(true);
        expect(isBelow(checked, compiled.prefix)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  test('takes no exponential time', () => {
    const hostile = glob(`/${'*a'.repeat(500)}*b`);
    expect(hostile.matches(path(`/${'a'.repeat(2000)}`))).toBe(false);
    expect(glob(`/${'**a'.repeat(300)}b*`).matches(path(`/${'a'.repeat(2000)}`))).toBe(false);
  });
});

test('head, prefix and exact say what need not be searched', () => {
  const seen = ['/', '/a/b', '/a/b*', '/a/b*/c', '/a/**', '/*', '/a?/b'].map((text) => {
    const { head, prefix, exact } = glob(text);
    return [head, prefix, exact];
  });
  expect(seen).toEqual([
    ['/', '/', '/'],
    ['/a/b', '/a', '/a/b'],
    ['/a/b', '/a', null],
    ['/a/b', '/a', null],
    ['/a/', '/a', null],
    ['/', '/', null],
    ['/a', '/', null],
  ]);
});
