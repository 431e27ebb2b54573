import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nodeId } from '../../src/base/index.ts';
import {
  ancestorsOf,
  bootFile,
  childOf,
  comparePaths,
  endOfSubtree,
  isBelow,
  isInSlots,
  isSlot,
  nameOf,
  nameServiceFile,
  nodeFile,
  nodeFolder,
  nodeOfFolder,
  parentOf,
  parsePath,
  path,
  slotName,
  slotPath,
} from '../../src/paths/index.ts';

const names = 'ABCXYZabcxyz0189.-_:@+=~,'.split('');
const name = fc.string({ unit: fc.constantFrom(...names), minLength: 1, maxLength: 4 });
const anyPath = fc
  .array(name, { maxLength: 4 })
  .map((parts) => path(parts.length === 0 ? '/' : parts.map((part) => `/${part}`).join('')));

describe('parsePath()', () => {
  const good = ['/', '/a', '/a/b', '/A-Z.0', '/.', '/..', '/a/../b', '/_:@+=~,', '/ctl/cal/0'];
  for (const text of good) {
    test(`takes ${text}`, () => {
      expect(parsePath(text)).toBe(text);
    });
  }
  const bad = [
    '',
    'a',
    'a/b',
    '//',
    '/a/',
    '//a',
    '/a//b',
    '/a b',
    '/ü',
    '/a*',
    '/a?',
    '/a\0',
    '/a/b/',
  ];
  for (const text of [...bad, '/a\x7f', '/a\n', '\x7f', '/€', '/a%', '/(', ' /a']) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      expect(parsePath(text)).toBe(null);
      expect(() => path(text)).toThrow(/a path is/);
    });
  }

  test('takes the characters of names and no other', () => {
    const taken: string[] = [];
    for (let code = 0; code < 300; code++) {
      const character = String.fromCharCode(code);
      if (parsePath(`/${character}`) !== null) taken.push(character);
    }
    expect(taken.join('')).toBe(
      '+,-.0123456789:=@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~',
    );
  });
});

test('the parts of a path make it up again', () => {
  fc.assert(
    fc.property(anyPath, name, (parent, last) => {
      const child = childOf(parent, last);
      expect(parentOf(child)).toBe(parent);
      expect(nameOf(child)).toBe(last);
      expect(isBelow(child, parent)).toBe(true);
      expect(ancestorsOf(child)).toEqual([parent, ...ancestorsOf(parent)]);
    }),
  );
});

test('the root has no parent, no name and no ancestors', () => {
  expect(parentOf(path('/'))).toBe(null);
  expect(nameOf(path('/'))).toBe('');
  expect(ancestorsOf(path('/'))).toEqual([]);
  expect(ancestorsOf(path('/a/b'))).toEqual(['/a', '/']);
});

test('isBelow() knows a directory from a name that begins alike', () => {
  expect(isBelow(path('/ab'), path('/a'))).toBe(false);
  expect(isBelow(path('/a/b'), path('/a'))).toBe(true);
  expect(isBelow(path('/a'), path('/a'))).toBe(false);
  expect(isBelow(path('/'), path('/'))).toBe(false);
});

describe('walk order', () => {
  test('goes depth first, names by their bytes', () => {
    const sorted = [
      '/',
      '/A',
      '/a',
      '/a/b',
      '/a/b/c',
      '/a/c',
      '/a+',
      '/a-',
      '/a-b',
      '/a.b',
      '/a0',
      '/ab',
    ];
    expect(sorted.map(path).reverse().sort(comparePaths)).toEqual(sorted);
  });

  test('is the order of a walk that sorts the names of each directory', () => {
    const byNames = (a: string, b: string): number => {
      const [x, y] = [a.split('/'), b.split('/')];
      for (let i = 1; i < Math.max(x.length, y.length); i++) {
        const [p, q] = [x[i], y[i]];
        if (p === undefined) return -1;
        if (q === undefined) return 1;
        if (p !== q) return p < q ? -1 : 1;
      }
      return 0;
    };
    fc.assert(
      fc.property(anyPath, anyPath, (a, b) => {
        const [x, y] = [a === '/' ? '' : a, b === '/' ? '' : b];
        expect(Math.sign(comparePaths(a, b))).toBe(Math.sign(byNames(x, y)) + 0);
      }),
    );
  });

  test('what is below a directory stands before its end, what follows after', () => {
    fc.assert(
      fc.property(anyPath, anyPath, (directory, other) => {
        const inside =
          comparePaths(other, directory) > 0 && comparePaths(other, endOfSubtree(directory)) < 0;
        expect(inside).toBe(isBelow(other, directory));
      }),
    );
  });
});

describe('the map of /ctl', () => {
  const id = nodeId('ABCDEFGHIJKLMN27');
  test('says where things are', () => {
    expect(slotPath('3')).toBe('/ctl/cal/3');
    expect(slotName(path('/ctl/cal/3'))).toBe('3');
    expect(nodeFile(id, 'addr')).toBe('/ctl/node/ABCDEFGHIJKLMN27/addr');
    expect(nodeFolder(id)).toBe('/ctl/node/ABCDEFGHIJKLMN27');
    expect(nameServiceFile('local', id)).toBe('/ctl/ns/local/ABCDEFGHIJKLMN27');
    expect(bootFile('local')).toBe('/ctl/boot/local');
    expect(() => slotPath('a b')).toThrow();
  });

  test('knows whose folder it is', () => {
    expect(nodeOfFolder(nodeFolder(id))).toBe(id);
    expect(nodeOfFolder(path('/ctl/node/x'))).toBe(null);
    expect(nodeOfFolder(path(`/ctl/${id}`))).toBe(null);
  });

  test('a slot is a file directly in /ctl/cal', () => {
    expect(['/ctl/cal', '/ctl/cal/1', '/ctl/cal/1/2', '/ctl/calx/1'].map(path).map(isSlot)).toEqual(
      [false, true, false, false],
    );
    expect(['/ctl/cal', '/ctl/cal/1/2', '/ctl/calx', '/ctl'].map(path).map(isInSlots)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});
