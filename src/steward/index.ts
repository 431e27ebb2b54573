export type { StewardParts } from './loop.ts';
export { Steward } from './loop.ts';
export { decide } from './policy.ts';
export type { PulseParts } from './pulse.ts';
export { Pulse } from './pulse.ts';
export type { Decision, OtherMember, Slot, StewardOptions, StewardView } from './types.ts';
