import type { NativeEvent, NativeReply } from './types.ts';

const overheadBytes = 32;

/** About the bytes of a reply in a message: exact enough to end the message in time. */
export function sizeHint(reply: NativeReply): number {
  switch (reply.kind) {
    case 'value':
      return overheadBytes + reply.body.length;
    case 'event':
      return overheadBytes + eventSize(reply.event);
    case 'events':
      return reply.events.reduce((sum, event) => sum + eventSize(event), overheadBytes);
    case 'files':
      return reply.files.reduce((sum, f) => sum + f.body.length + f.path.length, overheadBytes);
    case 'names':
      return reply.names.reduce((sum, name) => sum + name.length + 2, overheadBytes);
    case 'leaseFiles':
      return reply.paths.reduce((sum, path) => sum + path.length + 2, overheadBytes);
    case 'leases':
      return overheadBytes + reply.leftMs.length * 5;
    case 'decided':
      return reply.results.reduce(
        (sum, result) => sum + (result.kind === 'read' ? (result.file?.body.length ?? 0) : 0),
        overheadBytes + reply.results.length * overheadBytes,
      );
    case 'created':
      return overheadBytes + reply.path.length;
    case 'health':
      return overheadBytes + 80 * reply.health.members.length + 200 * reply.health.alarms.length;
    case 'error':
      return overheadBytes + reply.detail.length;
    default:
      return overheadBytes;
  }
}

const eventSize = ({ body, path, previous }: NativeEvent): number =>
  body.length + path.length + (previous?.length ?? 0);
