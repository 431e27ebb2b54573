export type { Counts } from './coverage.ts';
export { addCounts, blindSpots, floors } from './coverage.ts';
export type { Left, Plan, Shape, Step } from './plan.ts';
export { drawPlan } from './plan.ts';
export type { Outcome, RunOptions } from './run.ts';
export { Run } from './run.ts';
export { shrink, whole } from './shrink.ts';
