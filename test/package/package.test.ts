// The package as somebody else gets it: packed, installed into an empty project, imported, type-checked; and
// every example of docs/client.md, run there against a cluster of its own.
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Town } from '../daemon/support/town.ts';
import { examplesOf } from './support/examples.ts';
import { listLoaded } from './support/loaded.ts';
import { Project } from './support/project.ts';

/** What a client may need. Everything else is the server's. */
const clientRooms = ['base', 'client', 'connect', 'naming', 'paths', 'ports', 'protocol', 'tls'];
/** What those may need: sockets and message packing, with the addons that these use if they are there. */
const clientPackages = [
  '@msgpackr-extract',
  'detect-libc',
  'msgpackr',
  'msgpackr-extract',
  'node-gyp-build-optional-packages',
  'ws',
];
/** The address that stands in the examples. */
const writtenAddress = '127.0.0.1:8046';

const examples = examplesOf('docs/client.md').map((example, i) => ({ ...example, i }));
const source = (i: number): string => `examples/example-${i}.ts`;

const fine = { code: 0, out: '', err: '' };

let project: Project;
let town: Town;

beforeAll(async () => {
  project = new Project();
  town = new Town();
  await project.install();
  for (const { code, i } of examples) project.write(source(i), code);
}, 120_000);

afterAll(async () => {
  await town.end();
  project.remove();
});

describe('the package, installed into an empty project', () => {
  it('talks to a node', async () => {
    const { address } = await town.start('talk');
    project.write(
      'talk.mjs',
      `import { connect } from 'doozer';
       const client = await connect('doozer:?ca=${address}');
       const revision = await client.set('/a', 'body', 0);
       const file = await client.get('/a');
       console.log(new TextDecoder().decode(file.body), file.revision === revision);
       await client.close();`,
    );
    expect(await project.run('talk.mjs')).toEqual({ code: 0, out: 'body true\n', err: '' });
  });

  it('loads no code of the server', async () => {
    project.write('loaded.mjs', listLoaded);
    const { code, err, out } = await project.run('loaded.mjs');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const loaded = JSON.parse(out) as string[];
    const found = (pattern: RegExp): string[] => {
      const names = loaded.map((url) => pattern.exec(url)?.[1]);
      return [...new Set(names)].filter((name) => name !== undefined).sort();
    };
    const rooms = found(/node_modules\/doozer\/dist\/src\/([^/]+)\//);
    expect(rooms.filter((room) => !clientRooms.includes(room))).toEqual([]);
    const parts = found(/dist\/src\/protocol\/([^/]+)\//);
    expect(parts).toEqual(['client']);
    const packages = found(/node_modules\/(?!doozer\/)(@?[^/]+)\//);
    expect(packages.filter((name) => !clientPackages.includes(name))).toEqual([]);
    // It saw something at all.
    expect(rooms).toContain('connect');
    expect(packages).toContain('ws');
  });

  it('has types that hold and object, for Node and for bundlers', async () => {
    // Each of the three lines is an error, or this is one.
    const consumer = `
      import { type Client, connect } from 'doozer';
      const client: Client = await connect('doozer:?ca=127.0.0.1:8046');
      // @ts-expect-error
      await client.set('/a', 'body');
      // @ts-expect-error
      const revision: number = (await client.get('/a')).revision;
      // @ts-expect-error
      await client.close(revision);`;
    project.write('consumer.ts', consumer);
    const sources = examples.map(({ i }) => source(i));
    const said = await Promise.all([
      project.compile(['consumer.ts', ...sources], 'nodenext', 'node'),
      project.compile(['consumer.ts'], 'bundler', 'browser'),
    ]);
    expect(said).toEqual([fine, fine]);
  }, 60_000);
});

describe('docs/client.md', () => {
  it('has examples', () => {
    expect(examples.length).toBeGreaterThan(10);
  });

  it.each(examples)('$name', async ({ code, i }) => {
    expect(code).toContain(writtenAddress);
    const { address } = await town.start(`example-${i}`);
    const { outputText } = ts.transpileModule(code.replaceAll(writtenAddress, address), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
    });
    project.write(`examples/example-${i}.mjs`, outputText);
    const said = await project.run(`examples/example-${i}.mjs`);
    expect(said).toEqual(fine);
  });
});
