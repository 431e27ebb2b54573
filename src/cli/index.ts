export { runDoozer } from './doozer.ts';
export { runDoozerd } from './doozerd.ts';
