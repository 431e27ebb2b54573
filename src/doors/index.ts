export { addressOf, formatHostPort, listenOn } from './address.ts';
export type { DoorsParts } from './doors.ts';
export { Doors } from './doors.ts';
export type { Upgrade } from './http.ts';
export type { Metrics } from './metrics.ts';
export type { DoorTls } from './tls.ts';
export type { WebDoorParts } from './web.ts';
export { WebDoor } from './web.ts';
