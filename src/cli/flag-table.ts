import { Option } from 'commander';
import type { FlagKinds } from './go-flags.ts';

/** One flag of `doozer` or `doozerd`: what parsing, help, man pages and completion go by. */
export type Flag = {
  /** Without dashes. */
  readonly name: string;
  /** What its value is, in a word, by which it is completed too; `null`: it is a switch. */
  readonly value: string | null;
  /** One sentence, without capital and full stop. */
  readonly text: string;
  /** The commands that use it. Default: all. */
  readonly verbs?: readonly string[];
  /** What it is when it is not given, where the text does not say it. */
  readonly byDefault?: string | undefined;
};

/** How each takes its value. */
export const kindsOf = (flags: readonly Flag[]): FlagKinds =>
  Object.fromEntries(flags.map(({ name, value }) => [name, value === null ? 'switch' : 'value']));

/** As commander shows it: a name of several letters behind two dashes. */
export function optionOf({ byDefault, name, text, value, verbs }: Flag): Option {
  const dashes = name.length === 1 ? '-' : '--';
  const words = value === null ? '' : ` <${value}>`;
  const users = verbs === undefined ? '' : `${verbs.join(', ')}: `;
  const option = new Option(`${dashes}${name}${words}`, users + text);
  return byDefault === undefined ? option : option.default(byDefault, byDefault);
}
