import type { Event, Reply } from './types.ts';

/** `event set /a @3`, in the words of scenarios, logs and the simulator. */
export const describeEvent = ({ kind, path, revision }: Event): string =>
  `event ${kind} ${path} @${revision}`;

/** `applied revision=3`, or `refused ERR_REV_MISMATCH revision=3`. */
export const describeReply = (reply: Reply): string =>
  reply.kind === 'applied'
    ? `applied revision=${reply.revision}`
    : `refused ${reply.code} revision=${reply.revision}`;
