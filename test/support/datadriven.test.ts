import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Directive, runScenario, runScenarioAsync } from './datadriven.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'doozer-scenario-'));
  file = join(folder, 'story.txt');
  vi.stubEnv('REWRITE', '');
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const story = (...lines: string[]): void => writeFileSync(file, lines.join('\n'));
const echo = (d: Directive): string =>
  [...d.words, ...[...d.args].map(([k, v]) => `${k}:${v}`), d.input].filter(Boolean).join(' ');

describe('reading', () => {
  test('a directive has words, arguments and input lines', () => {
    story(
      '# Plot.',
      '',
      'say /a=b hello times=3 to="two words"',
      'line',
      '----',
      '/a=b hello times:3 to:two words line',
      '',
    );
    runScenario(file, { say: echo });
  });

  test('several directives of a file run in order and share what the handler holds', () => {
    story('add 1', '----', '1', '', 'add 2', '----', '3', '', '# The end.', '');
    let sum = 0;
    runScenario(file, {
      add: ({ words }) => {
        sum += Number(words[0]);
        return String(sum);
      },
    });
    expect(sum).toBe(3);
  });

  test('an empty expectation means that nothing is said', () => {
    story('hush', '----', '', 'hush', '----', '');
    runScenario(file, { hush: () => '' });
    expect(() => runScenario(file, { hush: () => 'boo' })).toThrow(/story\.txt:1/);
  });

  test('doubled dashes hold blank lines', () => {
    story(
      'show',
      '----',
      '----',
      'first',
      '',
      'third',
      '----',
      '----',
      '',
      'more',
      '----',
      'x',
      '',
    );
    runScenario(file, { show: () => 'first\n\nthird\n', more: () => 'x' });
  });

  test('quotes keep white space and take JSON escapes', () => {
    story('say "a\\tb" ""', '----', '["a\\tb",""]', '');
    runScenario(file, { say: ({ words }) => JSON.stringify(words) });
  });

  test('handlers that wait run one at a time', async () => {
    story('a', '----', '1', '', 'b', '----', '2', '');
    let count = 0;
    const slow = async (): Promise<string> => {
      const mine = ++count;
      await Promise.resolve();
      expect(count).toBe(mine);
      return String(mine);
    };
    await runScenarioAsync(file, { a: slow, b: slow });
  });
});

describe('refusing, with file and line', () => {
  const table: readonly [name: string, lines: readonly string[], message: RegExp][] = [
    ['a difference', ['say x', '----', 'y', ''], /story\.txt:1: say/],
    [
      'an unknown directive',
      ['say x', '----', 'x', '', 'yell x', '----', ''],
      /story\.txt:5: unknown directive "yell"; known: hush, say, wait/,
    ],
    ['an inherited name', ['toString', '----', ''], /story\.txt:1: unknown directive "toString"/],
    [
      'an argument nobody asked for',
      ['wait tick=3', '----', '', ''],
      /story\.txt:1: "wait" does not know tick=/,
    ],
    [
      'a word nobody asked for',
      ['# Plot.', 'hush now', '----', '', ''],
      /story\.txt:2: "hush" does not know now/,
    ],
    [
      'input nobody asked for',
      ['hush', 'more', '----', '', ''],
      /story\.txt:1: "hush" does not know input lines/,
    ],
    ['an argument given twice', ['say a=1 a=2', '----', ''], /story\.txt:1: "a=" is given twice/],
    [
      'a directive without dashes',
      ['say x', '', 'say y', '----', 'y', ''],
      /story\.txt:1: "say x" has no ---- line/,
    ],
    [
      'dashes without a directive',
      ['----', 'x', ''],
      /story\.txt:1: an expectation without a directive/,
    ],
    [
      'doubled dashes left open',
      ['say x', '----', '----', 'x', ''],
      /story\.txt:2: the doubled dashes are never closed/,
    ],
    [
      'text right after doubled dashes',
      ['say x', '----', '----', 'x', '----', '----', 'say y', ''],
      /story\.txt:7: a blank line must follow/,
    ],
    ['an open quote', ['say "x', '----', ''], /story\.txt:1: cannot read "x/],
    ['a handler that throws', ['boom', '----', ''], /story\.txt:1: boom: the handler broke/],
  ];
  for (const [name, lines, message] of table) {
    test(name, () => {
      story(...lines);
      const handlers = {
        say: echo,
        hush: () => '',
        wait: ({ args }: Directive) => args.get('ticks') ?? '',
      };
      const boom = () => {
        throw new Error('the handler broke');
      };
      expect(() => runScenario(file, name.includes('throws') ? { boom } : handlers)).toThrow(
        message,
      );
    });
  }

  test('a handler that waits and rejects', async () => {
    story('', 'boom', '----', '');
    const boom = () => Promise.reject(new Error('late'));
    await expect(runScenarioAsync(file, { boom })).rejects.toThrow(/story\.txt:2: boom: late/);
  });
});

describe('rewriting', () => {
  beforeEach(() => vi.stubEnv('REWRITE', '1'));

  test('what was returned replaces what was expected, and the rest stays', () => {
    const before =
      '# Plot.\n\na x\ninput\n----\nold\n\n# More.\nb\n----\n\nc\n----\nold\nolder\n\n# End.\n';
    const after =
      '# Plot.\n\na x\ninput\n----\nx input\n\n# More.\nb\n----\n----\nnew\n\nlines\n----\n----\n\nc\n----\n\n# End.\n';
    story(before);
    runScenario(file, { a: echo, b: () => 'new\n\nlines', c: () => '' });
    expect(readFileSync(file, 'utf8')).toBe(after);
  });

  test('a rewritten file passes', () => {
    story('a', '----', '', 'b', '----', '----', 'q', '----', '----', '', 'a', '----');
    const handlers = { a: () => 'one\n\nthree\n----\nfive', b: () => '' };
    runScenario(file, handlers);
    vi.stubEnv('REWRITE', '');
    runScenario(file, handlers);
  });

  test('a scenario that fails to read is left as it was', () => {
    story('a', '----', 'old', '', 'b', '----', '');
    expect(() => runScenario(file, { a: () => 'new' })).toThrow(/unknown directive "b"/);
    expect(readFileSync(file, 'utf8')).toContain('old');
  });
});
