// The text form of a transaction: what is read, and where a mistake is.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../src/base/index.ts';
import { quote, unquote } from '../../src/cli/quoted.ts';
import { parseTransaction } from '../../src/cli/txn-text.ts';
import * as library from '../../src/connect/index.ts';

const { count, create, del, get, put, when } = library;
const read = (...lines: string[]) => parseTransaction(lines.join('\n'), library);

describe('a transaction in text', () => {
  it('has compares and two branches', () => {
    const text = [
      '# the first line',
      'created /a = 0',
      'changed /a < +41   # not later',
      'value /a != "te xt\\n\\xff"',
      'exists /a',
      'absent /b',
      'lease /a = 7',
      'lease /a != 0',
      '',
      'then',
      '\tset /a "x"',
      'set /a 5 "" lease 12',
      'del /a',
      'del /a 0',
      'get /a',
      'create /q/ "x" lease 3',
      'count /n +1',
      'count /n -2',
      'else',
      'get /b\r',
    ];
    expect(read(...text)).toEqual({
      compares: [
        when.created('/a', '=', 0),
        when.changed('/a', '<', 41),
        when.value('/a', '!=', Buffer.concat([utf8('te xt\n'), Uint8Array.of(255)])),
        when.exists('/a'),
        when.absent('/b'),
        when.lease('/a', '=', 7),
        when.lease('/a', '!=', null),
      ],
      ifTrue: [
        put('/a', Buffer.from('x')),
        put('/a', Buffer.from(''), { guard: 5, lease: 12 }),
        del('/a'),
        del('/a', { guard: 0 }),
        get('/a'),
        create('/q/', Buffer.from('x'), { lease: 3 }),
        count('/n', 1),
        count('/n', -2),
      ],
      ifFalse: [get('/b')],
    });
  });

  it('may compare nothing, and do nothing', () => {
    expect(read('then')).toEqual({ compares: [], ifTrue: [], ifFalse: [] });
    expect(read('then', 'else', 'get /a').ifFalse).toEqual([get('/a')]);
  });

  it.each([
    [['exists a', 'then'], 'line 1, column 8: a path begins with a slash, a does not'],
    [['exists', 'then'], 'line 1, column 7: a path is wanted here'],
    [['exists /a /b', 'then'], 'line 1, column 11: nothing more is wanted here'],
    [['exits /a', 'then'], 'line 1, column 1: "exits" is no compare'],
    [['created /a == 0', 'then'], 'line 1, column 12: a relation is one of = != < >, not =='],
    [['created /a = x', 'then'], 'line 1, column 14: a revision is a whole number, not x'],
    [['value /a = x', 'then'], 'line 1, column 12: a text in quotes is wanted here, not x'],
    [['lease /a < 1', 'then'], 'line 1, column 10: leases are = or !='],
    [['# only this'], 'line 1, column 1: there is no line "then"'],
    [['exists /a', 'then', '', 'sett /a "x"'], 'line 4, column 1: "sett" is no operation'],
    [['then', 'set /a x "y"'], 'line 2, column 8: a guard is a whole number, not x'],
    [['then', 'set /a "x'], 'line 2, column 10: the closing quote is missing'],
    [['then', 'set /a "x\\q"'], 'line 2, column 10: after a backslash there may be'],
    [['then', 'set /a "x" lease'], 'line 2, column 17: a lease is wanted here'],
    [['then', 'set /a "x" lease 0'], 'line 2, column 18: a lease is above 0'],
    [['then', 'set /a "x" for ever'], 'line 2, column 12: only "lease ID" may follow'],
    [['then', 'count /n'], 'line 2, column 9: a difference is wanted here'],
    [['then', 'then'], 'line 2, column 1: "then" cannot stand here'],
    [['else'], 'line 1, column 1: "else" cannot stand here'],
    [['then', 'else', 'else'], 'line 3, column 1: "else" cannot stand here'],
  ])('%j is wrong where it says', (lines, said) => {
    expect(() => read(...lines)).toThrow(said);
  });
});

describe('bytes between quotes', () => {
  it('come back as they were, whatever they are, from one line', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.string().map(utf8)), (bytes) => {
        const text = quote(bytes);
        expect(text).not.toMatch(/[\n\r]/);
        const back = unquote(text, 0);
        if (back.kind === 'wrong') expect.fail(back.reason);
        expect([...back.bytes]).toEqual([...bytes]);
        expect(back.end).toBe(text.length);
      }),
    );
  });

  it('are left as they are where they are text', () => {
    expect(quote(utf8('grün "a\\b"\n'))).toBe('"grün \\"a\\\\b\\"\\n"');
    expect(quote(Uint8Array.of(97, 0, 255))).toBe('"a\\x00\\xff"');
  });
});
