import { client } from './client.mjs';
import { laterMutants } from './later.mjs';
import { life } from './life.mjs';
import { node } from './node.mjs';
import { raft } from './raft.mjs';
import { recipes } from './recipes.mjs';
import { sessions } from './sessions.mjs';
import { tree } from './tree.mjs';
import { wal } from './wal.mjs';
import { watch } from './watch.mjs';

/** Every known bug that can be put back. */
export const mutants = [
  ...raft,
  ...node,
  ...watch,
  ...client,
  ...tree,
  ...life,
  ...wal,
  ...sessions,
  ...recipes,
];

/** Bugs that no fault of the simulator brings to light yet; each says what is missing. */
export const later = laterMutants;
