// A lease: a promise with an end, the files that go with it, and for a session the answers it was given.
import type { LeaseId } from '../base/index.ts';
import type { Path } from '../paths/index.ts';
import { ByteWriter } from './bytes.ts';
import { type Digest, digestOfBytes } from './digest.ts';
import type { PathMap } from './path-map.ts';
import { writeReply } from './replies.ts';
import type { Reply } from './types.ts';

export type Lease = {
  readonly id: LeaseId;
  /** How long it lasts beyond each sign of life. When it ends is the leader's to know, and in no state. */
  readonly lengthMs: number;
  /** T4: exactly the files whose `lease` this is. */
  readonly files: PathMap<true>;
  /** `null`: a lease, and nothing more. */
  readonly session: Session | null;
};

/**
 * Answers that a client may ask for again. S1: `ackedBelow` never falls; every answer has a number in
 * [ackedBelow, ackedBelow + window); none in there is ever dropped while the session lives.
 */
export type Session = {
  readonly window: number;
  readonly ackedBelow: number;
  /** By number, rising. */
  readonly replies: readonly SavedReply[];
  /** What the answers hold of files, together. */
  readonly replyBytes: number;
};

export type SavedReply = { readonly seq: number; readonly reply: Reply };

/** Where a lease stands in the map of leases. */
export const leaseKey = (id: LeaseId): Path => `/${id}` as Path;

const scratch = new ByteWriter();

/** What of a lease stands in the digest beside its answers. Its files carry its id in their own. */
export function leaseDigest({ id, lengthMs, session }: Lease): Digest {
  scratch.clear();
  scratch.number(id);
  scratch.number(lengthMs);
  scratch.number(session?.window ?? 0);
  scratch.number(session?.ackedBelow ?? 0);
  return digestOfBytes(scratch.bytes());
}

export function replyDigest(id: LeaseId, { seq, reply }: SavedReply): Digest {
  scratch.clear();
  scratch.number(id);
  scratch.number(seq);
  writeReply(scratch, reply);
  return digestOfBytes(scratch.bytes());
}

/** How much an answer holds of files. */
export function replyBytesOf(reply: Reply): number {
  if (reply.kind !== 'decided') return 0;
  let sum = 0;
  for (const result of reply.results) {
    if (result.kind === 'read' && result.file !== null) sum += result.file.body.length;
  }
  return sum;
}
