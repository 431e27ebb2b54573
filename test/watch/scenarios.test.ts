import { must } from '../../src/base/index.ts';
import { compileGlob, path } from '../../src/paths/index.ts';
import { type Applied, describeEvent, fileAt } from '../../src/tree/index.ts';
import { type Delivery, History, Hub, type Waiting } from '../../src/watch/index.ts';
import { type Directive, describeScenarios } from '../support/datadriven.ts';
import { Driver } from '../tree/driver.ts';

const delivered = (deliveries: readonly Delivery<string>[]): string[] =>
  deliveries.map(({ watcher, event }) => `${watcher} gets ${describeEvent(event)}`);

describeScenarios(new URL('../scenarios/watch/', import.meta.url), () => {
  const driver = new Driver();
  let history = new History({ revisionsMax: 1000, bytesMax: 1e9 });
  history.start(driver.state);
  let hub = new Hub<string>(history);
  const handles = new Map<string, Waiting<string>>();

  const publish = ({ state, events }: Applied): string => {
    history.push(state, events);
    return [...events.map(describeEvent), ...delivered(hub.publish(events))].join('\n');
  };
  const word = ({ words, where }: Directive, i: number): string =>
    must(words[i], `${where}: a word is missing`);
  const ask = (d: Directive) => ({
    name: word(d, 0),
    glob: must(compileGlob(word(d, 1)), `${d.where}: not a glob`),
    from: Number(d.args.get('from')),
  });

  return {
    // hist N: history keeps N revisions; begins anew
    hist: (d) => {
      history = new History({ revisionsMax: Number(word(d, 0)), bytesMax: 1e9 });
      history.start(driver.state);
      hub = new Hub<string>(history);
      return '';
    },
    // set PATH [BODY]
    set: (d) => publish(driver.set(word(d, 0), d.words[1] ?? 'x')),
    // del PATH
    del: (d) => publish(driver.delete(word(d, 0))),
    // nop
    nop: () => publish(driver.command({ kind: 'nop' })),
    // found [/PATH]...: one change with an event for each
    found: (d) => publish(driver.found(Object.fromEntries(d.words.map((at) => [at, 'x'])))),
    // wait NAME GLOB from=N
    wait: (d) => {
      const { name, glob, from } = ask(d);
      const answer = hub.wait(glob, from, name);
      if (answer === 'compacted') return `compacted oldest=${history.oldest}`;
      if (answer.kind !== 'waiting') return `${name} gets ${describeEvent(answer)}`;
      handles.set(name, answer);
      return 'waiting';
    },
    // watch NAME GLOB from=N
    watch: (d) => {
      const { name, glob, from } = ask(d);
      const answer = hub.watch(glob, from, name);
      if (answer === 'compacted') return `compacted oldest=${history.oldest}`;
      handles.set(name, answer.waiting);
      return [
        ...answer.past.map((event) => `${name} gets ${describeEvent(event)}`),
        'watching',
      ].join('\n');
    },
    // cancel NAME
    cancel: (d) => {
      hub.cancel(must(handles.get(word(d, 0)), `${d.where}: nobody of that name waits`));
      return `${hub.size} left`;
    },
    // read PATH at=N
    read: (d) => {
      const [at, view] = [path(word(d, 0)), history.viewAt(Number(d.args.get('at')))];
      if (typeof view === 'string') return view;
      const file = fileAt(view, at);
      return file === null ? 'missing' : `changed=${file.changed}`;
    },
    // sweep
    sweep: () => {
      history.sweep();
      return `oldest=${history.oldest}`;
    },
    // install revisions=N: a snapshot arrives that is N revisions ahead
    install: (d) => {
      for (let n = Number(d.args.get('revisions')); n > 0; n--) driver.set('/elsewhere');
      history.start(driver.state);
      const { lost, deliveries } = hub.restart();
      return [...lost.map((name) => `${name} is lost`), ...delivered(deliveries)].join('\n');
    },
  };
});
