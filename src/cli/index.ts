export { runDoozer } from './doozer.ts';
export { doozerFlagTable, doozerNotes } from './doozer-program.ts';
export { runDoozerd } from './doozerd.ts';
export { doozerdFlagTable, doozerdNotes } from './doozerd-program.ts';
export type { Flag } from './flag-table.ts';
export { argumentsOf, type Verb } from './verb.ts';
export { verbs } from './verbs.ts';
export { releaseVersion } from './version.ts';
