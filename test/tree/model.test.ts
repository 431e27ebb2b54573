import fc from 'fast-check';
import { expect, test } from 'vitest';
import { textOf, utf8 } from '../../src/base/index.ts';
import { ancestorsOf, type Path, path } from '../../src/paths/index.ts';
import { type Command, children, fileAt, stat, type TreeState } from '../../src/tree/index.ts';
import { Driver } from './driver.ts';

/** The tree as the specification has it: a map of files, and nothing else that could be wrong. */
class Model {
  revision = 0;
  files = new Map<string, { body: string; created: number; changed: number }>();

  isDirectory(at: string): boolean {
    return at === '/' || [...this.files.keys()].some((file) => file.startsWith(`${at}/`));
  }

  namesIn(at: string): string[] {
    const above = at === '/' ? '/' : `${at}/`;
    const below = [...this.files.keys()].filter((file) => file.startsWith(above));
    const names = below.map((file) => file.slice(above.length).split('/')[0] ?? '');
    return [...new Set(names)].sort((a, b) => (a < b ? -1 : 1));
  }

  write(at: string, body: string): void {
    const created = this.files.get(at)?.created ?? this.revision;
    this.files.set(at, { body, created, changed: this.revision });
  }

  /** What /ctl/err says, or `null` if the command took effect. */
  apply(command: Extract<Command, { kind: 'set' | 'delete' }>): string | null {
    this.revision++;
    const { guard } = command;
    const at: Path = command.path;
    const note = this.#refusal(at, guard);
    if (note === null && command.kind === 'set') this.write(at, textOf(command.body));
    else if (note === null) this.files.delete(at);
    else if (this.#refusal(path('/ctl/err'), -1) === null) this.write('/ctl/err', note);
    return note;
  }

  #refusal(at: Path, guard: number): string | null {
    if (ancestorsOf(at).some((above) => this.files.has(above))) return 'not a directory';
    const current = this.isDirectory(at) ? -2 : (this.files.get(at)?.changed ?? 0);
    if (guard !== -1 && guard < current) return 'rev mismatch';
    return current === -2 ? 'is a directory' : null;
  }
}

const name = fc.constantFrom('a', 'b', 'a-', 'c');
const somePath = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.array(name, { maxLength: 3 }).map((all) => path(`/${all.join('/')}`)),
  },
  { weight: 1, arbitrary: fc.constantFrom('/ctl', '/ctl/err', '/ctl/err/x', '/ctl/x').map(path) },
);
const command: fc.Arbitrary<Extract<Command, { kind: 'set' | 'delete' }>> = fc.oneof(
  fc.record({
    kind: fc.constant('set' as const),
    path: somePath,
    body: fc.string({ maxLength: 3 }).map(utf8),
    guard: fc.integer({ min: -4, max: 40 }),
  }),
  fc.record({
    kind: fc.constant('delete' as const),
    path: somePath,
    guard: fc.integer({ min: -4, max: 40 }),
  }),
);

const seen = (state: TreeState) =>
  [...state.files.entries()].map(([at, { body, created, changed }]) => [
    at,
    { body: textOf(body), created: created, changed: changed },
  ]);

test('the tree does what a naive model of the specification does, and old views do not change', () => {
  const notes = new Map<string | null, number>();
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60, size: 'max' }), (commands) => {
      const [driver, model] = [new Driver(), new Model()];
      const old: [TreeState, unknown][] = [];
      for (const one of commands) {
        const { reply, events, state } = driver.command(one);
        const note = model.apply(one);
        notes.set(note, (notes.get(note) ?? 0) + 1);
        expect(reply?.kind).toBe(note === null ? 'applied' : 'refused');
        expect(state.revision).toBe(model.revision);
        expect(events.map(({ revision }) => revision)).toEqual([model.revision]);
        old.push([state, seen(state)]);
        for (const at of [one.path, ...ancestorsOf(one.path)]) {
          const here = stat(state, at);
          const names = model.isDirectory(at) ? model.namesIn(at) : null;
          expect(here.kind === 'directory' ? here.count : null).toBe(names?.length ?? null);
          expect([...children(state, at)]).toEqual(names ?? []);
          expect(fileAt(state, at)?.changed).toBe(model.files.get(at)?.changed);
        }
      }
      expect(new Map(seen(driver.state) as never)).toEqual(model.files);
      for (const [state, then] of old) expect(seen(state)).toEqual(then);
    }),
    { numRuns: 150 },
  );
  // The generator reaches every answer, or this test would prove less than it says.
  for (const note of [null, 'not a directory', 'rev mismatch', 'is a directory']) {
    expect(notes.get(note) ?? 0).toBeGreaterThan(100);
  }
});
