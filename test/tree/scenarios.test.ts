import { must, textOf } from '../../src/base/index.ts';
import { compileGlob, path } from '../../src/paths/index.ts';
import {
  type Applied,
  Cursors,
  childAt,
  describeEvent,
  describeReply,
  fileAt,
  matchAt,
  stat,
  type View,
  walk,
} from '../../src/tree/index.ts';
import { type Directive, describeScenarios } from '../support/datadriven.ts';
import { Driver } from './driver.ts';

/** Ids are written as one letter. */
const brief = (text: string): string => text.replaceAll(/([A-Z])\1{15}/g, (id) => id[0] ?? '');
const full = (text: string): string => text.replaceAll(/\b[A-Z]\b/g, (letter) => letter.repeat(16));

/** The reply, and what happened: one line an event, with the body of what was set. */
function described({ reply, events }: Applied): string {
  const lines = events.map((event) =>
    event.kind === 'set' ? `${describeEvent(event)} "${textOf(event.body)}"` : describeEvent(event),
  );
  const why = reply?.kind === 'refused' ? [`  ${reply.detail}`] : [];
  return brief([reply === null ? [] : describeReply(reply), why, lines].flat().join('\n'));
}

describeScenarios(new URL('../scenarios/tree/', import.meta.url), () => {
  const driver = new Driver();
  const views: View[] = [driver.state];
  const cursors = new Cursors(1000);
  const done = (applied: Applied): string => {
    views[applied.state.revision] = applied.state;
    return described(applied);
  };
  const word = ({ words, where }: Directive, i: number): string =>
    full(must(words[i], `${where}: a word is missing`));
  const numberOf = ({ args }: Directive, name: string, otherwise: number): number =>
    Number(args.get(name) ?? otherwise);
  const viewOf = (d: Directive): View =>
    must(views[numberOf(d, 'at', driver.state.revision)], `${d.where}: no view at that revision`);

  return {
    // set PATH BODY [rev=N]
    set: (d) => done(driver.set(word(d, 0), word(d, 1), numberOf(d, 'rev', -1))),
    // del PATH [rev=N]
    del: (d) => done(driver.delete(word(d, 0), numberOf(d, 'rev', -1))),
    // nop
    nop: () => done(driver.command({ kind: 'nop' })),
    // found [/PATH BODY]...
    found: (d) => {
      const files = d.words.flatMap((at, i) => (i % 2 === 0 ? [[at, word(d, i + 1)]] : []));
      return done(driver.found(Object.fromEntries(files) as Record<string, string>));
    },
    // publish ID NAME BODY
    publish: (d) => done(driver.publish(d.words[0] ?? '', { [word(d, 1)]: word(d, 2) })),
    // members voters=AB [outgoing=A] [learners=C] [learnersNext=D] [parked=C]
    members: ({ args }) => {
      const names = Object.fromEntries(args.entries());
      return done(driver.members({ voters: '', ...names }));
    },
    // files [at=N]: every file, in walk order
    files: (d) =>
      [...walk(viewOf(d), must(compileGlob('/**'), 'a glob'))]
        .map(({ path, file }) => brief(`${path} "${textOf(file.body)}" @${file.changed}`))
        .join('\n'),
    // get PATH [at=N]
    get: (d) => {
      const file = fileAt(viewOf(d), path(word(d, 0)));
      return file === null
        ? 'missing'
        : brief(`"${textOf(file.body)}" changed=${file.changed} created=${file.created}`);
    },
    // stat PATH [at=N]
    stat: (d) => {
      const { kind, ...rest } = stat(viewOf(d), path(word(d, 0)));
      return [kind, ...Object.entries(rest).map(([k, v]) => `${k}=${v}`)].join(' ');
    },
    // list PATH [at=N]: as a client does, offset by offset until something else than a name comes
    list: (d) => {
      const names: string[] = [];
      for (let offset = 0; ; offset++) {
        const child = childAt(viewOf(d), path(word(d, 0)), offset, cursors);
        if (child.kind !== 'name') return brief([...names, `(${child.kind})`].join(' '));
        names.push(child.name);
      }
    },
    // walk GLOB [at=N]: offset by offset, until there is none
    walk: (d) => {
      const glob = must(compileGlob(word(d, 0)), `${d.where}: not a glob`);
      const found: string[] = [];
      for (let offset = 0; ; offset++) {
        const match = matchAt(viewOf(d), glob, offset, cursors);
        if (match === null) return brief(found.join(' '));
        found.push(match.path);
      }
    },
  };
});
