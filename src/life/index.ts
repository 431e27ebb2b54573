export { Life } from './life.ts';
export type {
  ClientWanted,
  Entrance,
  LifeEnd,
  LifeOptions,
  LifeParts,
  LifeWorld,
  LinksOf,
} from './types.ts';
