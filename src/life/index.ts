export type { LifeEnd, LifeParts } from './life.ts';
export { Life } from './life.ts';
export type { ClientWanted, Entrance, LifeOptions, LifeWorld, LinksOf } from './types.ts';
