import { add } from './commands/add.ts';
import { completion } from './commands/completion.ts';
import { del } from './commands/del.ts';
import { elect } from './commands/elect.ts';
import { find } from './commands/find.ts';
import { get } from './commands/get.ts';
import { help } from './commands/help.ts';
import { lease } from './commands/lease.ts';
import { lock } from './commands/lock.ts';
import { nop } from './commands/nop.ts';
import { rev } from './commands/rev.ts';
import { self } from './commands/self.ts';
import { set } from './commands/set.ts';
import { stat } from './commands/stat.ts';
import { touch } from './commands/touch.ts';
import { txn } from './commands/txn.ts';
import { wait } from './commands/wait.ts';
import { watch } from './commands/watch.ts';
import type { Verb } from './verb.ts';

/** Every command of `doozer`, as the list of commands shows them. */
export const verbs: readonly Verb[] = [
  add,
  completion,
  del,
  elect,
  find,
  get,
  help,
  lease,
  lock,
  nop,
  rev,
  self,
  set,
  stat,
  touch,
  txn,
  wait,
  watch,
];
