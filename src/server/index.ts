export type { Right, Secrets } from './access.ts';
export { AlarmWatch } from './alarm-watch.ts';
export type { DoozerSession, DoozerSink } from './doozer-session.ts';
export type { ServerLimits } from './guest.ts';
export { slotsOf } from './health.ts';
export type { About } from './native-answers.ts';
export type { NativeSession, NativeSink } from './native-session.ts';
export type { Opened, ServerParts } from './server.ts';
export { Server } from './server.ts';
