// A request of a session takes effect once, however often it comes.
import { assert, type LeaseId, noSession } from '../base/index.ts';
import type { Draft } from './draft.ts';
import { replyBytesOf, type SavedReply, type Session } from './lease.ts';
import type { TreeState } from './state.ts';
import type { CommandEnvelope, Reply } from './types.ts';

/** What to do with a request: answer it with what is known, or run it and `remember` the answer. */
export type Standing =
  | { readonly kind: 'answered'; readonly reply: Reply }
  /** `null`: in no session. */
  | { readonly kind: 'new'; readonly session: Session | null };

const alone: Standing = { kind: 'new', session: null };

/** S2: a request runs at most once; one that cannot be told apart from an old one never runs. */
export function standingOf(draft: Draft, state: TreeState, envelope: CommandEnvelope): Standing {
  const { session: id, seq, ackedBelow } = envelope;
  if (id === noSession) return alone;
  const { revision } = state;
  const refused = (code: 'ERR_SESSION_LOST' | 'ERR_REQUEST_NUMBER', detail: string): Standing => ({
    kind: 'answered',
    reply: { kind: 'refused', code, detail, revision },
  });
  const lease = draft.lease(id as number as LeaseId);
  const session = lease?.session ?? null;
  if (lease === undefined || session === null) {
    return refused('ERR_SESSION_LOST', `Session ${id} is not there: it ended, or never was`);
  }
  const known = session.replies.find((saved) => saved.seq === seq);
  if (known !== undefined) return { kind: 'answered', reply: known.reply };
  const { window } = session;
  const from = Math.max(session.ackedBelow, ackedBelow);
  if (ackedBelow <= seq && seq >= session.ackedBelow && seq < from + window) {
    return { kind: 'new', session };
  }
  return refused(
    'ERR_REQUEST_NUMBER',
    `Session ${id} takes request numbers from ${from} to ${from + window - 1}, not ${seq}`,
  );
}

/** Whether the session has room for this answer, once what the client acknowledges with it is gone. */
export function hasRoom(
  { limits: { sessionReplyBytesMax } }: TreeState,
  session: Session,
  ackedBelow: number,
  reply: Reply,
): boolean {
  let bytes = replyBytesOf(reply);
  if (bytes === 0 || session.replyBytes + bytes <= sessionReplyBytesMax) return true;
  for (const saved of session.replies) {
    if (saved.seq >= ackedBelow) bytes += replyBytesOf(saved.reply);
  }
  return bytes <= sessionReplyBytesMax;
}

/** Keeps the answer, and forgets those that the client has acknowledged. */
export function remember(
  draft: Draft,
  { session: id, seq, ackedBelow: acked }: CommandEnvelope,
  reply: Reply,
): void {
  // The command may have ended its own session.
  const lease = draft.lease(id as number as LeaseId);
  const session = lease?.session ?? null;
  if (lease === undefined || session === null) return;
  const ackedBelow = Math.max(session.ackedBelow, acked);
  const gone: SavedReply[] = [];
  const replies: SavedReply[] = [];
  const added = { seq, reply };
  let replyBytes = replyBytesOf(reply);
  let isPlaced = false;
  for (const saved of session.replies) {
    if (saved.seq < ackedBelow) {
      gone.push(saved);
      continue;
    }
    if (saved.seq > seq && !isPlaced) {
      replies.push(added);
      isPlaced = true;
    }
    replies.push(saved);
    replyBytes += replyBytesOf(saved.reply);
  }
  if (!isPlaced) replies.push(added);
  assert(seq >= ackedBelow && replies.length <= session.window, 'S1: answers are in the window');
  const { window } = session;
  draft.updateSession(
    { ...lease, session: { window, ackedBelow, replies, replyBytes } },
    gone,
    added,
  );
}
