export { DoozerFramer } from './framer.ts';
export {
  decodeDoozerRequest,
  decodeDoozerResponse,
  encodeDoozerRequest,
  encodeDoozerResponse,
} from './messages.ts';
export type { DoozerError, DoozerRequest, DoozerResponse, DoozerVerb } from './types.ts';
export {
  doozerErrors,
  doozerFlags,
  doozerVerbs,
  emptyDoozerRequest,
  emptyDoozerResponse,
} from './types.ts';
