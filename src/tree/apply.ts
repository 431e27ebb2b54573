import {
  assert,
  type ClusterTime,
  type ErrorCode,
  isMember,
  leaseId,
  noLease,
  unreachable,
  utf8,
} from '../base/index.ts';
import { errorFile, nodeFolder, parsePath } from '../paths/index.ts';
import { Draft } from './draft.ts';
import { badMutation, checkSizes, type Refusal } from './guards.ts';
import { applyMembership } from './members.ts';
import { isRefusal, noSuchLease, write } from './operations.ts';
import { PathMap } from './path-map.ts';
import { canHoldFile } from './places.ts';
import { hasRoom, remember, standingOf } from './sessions.ts';
import type { TreeState } from './state.ts';
import { transact } from './transaction.ts';
import {
  type Change,
  type Command,
  type CommandEnvelope,
  type Event,
  type Reply,
  sessionsVersion,
} from './types.ts';

/** What a change did. The state before it stays valid and unchanged. */
export type Applied = {
  readonly state: TreeState;
  /** `null` unless the change was a command. */
  readonly reply: Reply | null;
  /** In revision order, each with a revision of its own, the last at `state.revision`. */
  readonly events: readonly Event[];
};

/**
 * The state after `change`, the same on every node. It takes the next index; bodies are kept as
 * they are, so nobody may write into them afterwards.
 *
 * Nothing that a guest can write makes it assert: what has no place in the tree is refused.
 */
export function apply(state: TreeState, change: Change): Applied {
  assert(change.index === state.appliedIndex + 1, 'entries are applied in order, each once');
  const { body } = change;
  switch (body.kind) {
    case 'command':
      return applyEnvelope(state, change, body.envelope);
    case 'membership': {
      const draft = new Draft(state);
      return finish(draft, state, change, applyMembership(draft, state, body.membership), null);
    }
    case 'nothing':
      return finish(new Draft(state), state, change, state, null);
    default:
      return unreachable(body);
  }
}

function applyEnvelope(state: TreeState, change: Change, envelope: CommandEnvelope): Applied {
  const { command } = envelope;
  const { behaviourVersion } = state;
  const isOfLater = envelope.session !== 0 || isOfSessionsVersion(command);
  if (isOfLater && behaviourVersion < sessionsVersion) {
    const why = badMutation(`The cluster follows behaviour version ${behaviourVersion}`);
    return refuse(state, change, envelope, { ...why, code: 'ERR_UNKNOWN_VERB' });
  }
  const draft = new Draft(state);
  const standing = standingOf(draft, state, envelope);
  if (standing.kind === 'answered') return finish(draft, state, change, state, standing.reply);
  const outcome = applyCommand(draft, state, change, command);
  if ('note' in outcome) return refuse(state, change, envelope, outcome);
  const { session } = standing;
  if (session !== null && !hasRoom(state, session, envelope.ackedBelow, outcome)) {
    return refuse(state, change, envelope, noRoomForReply(state));
  }
  remember(draft, envelope, outcome);
  const settings = command.kind === 'found' ? founded(state, command) : state;
  return finish(draft, state, change, settings, outcome);
}

const isOfSessionsVersion = (command: Command): boolean => {
  switch (command.kind) {
    case 'create':
    case 'count':
    case 'transaction':
    case 'grant':
    case 'revoke':
    case 'expire':
      return true;
    case 'set':
      return (command.lease ?? noLease) !== noLease;
    default:
      return false;
  }
};

/** Nothing is done but to say why: of what the command had begun, nothing is kept. */
function refuse(
  state: TreeState,
  change: Change,
  envelope: CommandEnvelope,
  refusal: Refusal,
): Applied {
  const draft = new Draft(state);
  noteRefusal(draft, refusal);
  const { code, detail } = refusal;
  const reply: Reply = { kind: 'refused', code, detail, revision: draft.revision };
  remember(draft, envelope, reply);
  return finish(draft, state, change, state, reply);
}

const noRoomForReply = ({ limits: { sessionReplyBytesMax } }: TreeState): Refusal => ({
  code: 'ERR_OVERLOADED',
  note: 'too large',
  detail: `What the session has read and not acknowledged has more than ${sessionReplyBytesMax} bytes`,
});

/** What a write leaves alone. */
type Settings = Pick<
  TreeState,
  'lineage' | 'name' | 'limits' | 'behaviourVersion' | 'membership' | 'membershipInForce'
>;

function finish(
  draft: Draft,
  before: TreeState,
  { index, term, time }: Change,
  settings: Settings,
  reply: Reply | null,
): Applied {
  const { events, revision } = draft;
  // Spelled out, since copying a state of so many fields by spreading it took a fifth of a write.
  const state: TreeState = {
    revision,
    appliedIndex: index,
    appliedTerm: term,
    // A new leader may stamp less than the last one did; cluster time never falls (T5).
    clusterTime: Math.max(before.clusterTime, time) as ClusterTime,
    files: draft.files,
    directories: draft.directories,
    filesDigest: draft.filesDigest,
    lastEvent: events.at(-1) ?? before.lastEvent,
    lineage: settings.lineage,
    name: settings.name,
    limits: settings.limits,
    behaviourVersion: settings.behaviourVersion,
    membership: settings.membership,
    membershipInForce: settings.membershipInForce,
    leases: draft.leases,
    leasesDigest: draft.leasesDigest,
  };
  assert(
    state.revision === before.revision + events.length,
    'T1: each event has a revision of its own',
  );
  return { state, reply, events };
}

/**
 * Leaves a note at the refused command's revision. Where guests have made the note impossible (/ctl
 * is a file, or /ctl/err a directory), the revision is taken all the same, by a nop.
 */
function noteRefusal(draft: Draft, { note }: Refusal): void {
  if (canHoldFile(draft, errorFile)) draft.set(errorFile, utf8(note));
  else draft.nop();
}

/** On a refusal the draft may hold a part of the command, and is of no use any more. */
function applyCommand(
  draft: Draft,
  state: TreeState,
  change: Change,
  command: Command,
): Reply | Refusal {
  switch (command.kind) {
    case 'set':
    case 'delete':
    case 'create':
    case 'count': {
      const outcome = write(draft, state, command);
      if (isRefusal(outcome)) return outcome;
      const { revision, value } = outcome;
      return value === null ? { kind: 'applied', revision } : { kind: 'counted', revision, value };
    }
    case 'nop':
      draft.nop();
      return applied(draft);
    case 'transaction':
      return transact(draft, state, command);
    case 'grant':
      return grant(draft, state, change, command);
    case 'revoke': {
      const { detail, code } = noSuchLease(command.lease);
      if (draft.lease(command.lease) === undefined) return quietly(state, code, detail);
      draft.end(command.lease);
      return applied(draft);
    }
    case 'expire':
      return expire(draft, state, change, command);
    case 'found':
      return found(draft, state, command) ?? applied(draft);
    case 'publish':
      publish(draft, state, command);
      return applied(draft);
    case 'unreadable':
      return badMutation('This version cannot read the command');
    default:
      return unreachable(command);
  }
}

const applied = ({ revision }: Draft): Reply => ({ kind: 'applied', revision });

/** A refusal without a note: what concerns leases only takes no revision, done or not. */
const quietly = ({ revision }: TreeState, code: ErrorCode, detail: string): Reply => ({
  kind: 'refused',
  code,
  detail,
  revision,
});

function grant(
  draft: Draft,
  state: TreeState,
  { index }: Change,
  { lengthMs, window }: Extract<Command, { kind: 'grant' }>,
): Reply {
  const { leasesMax, leaseLengthMsMin, leaseLengthMsMax, sessionWindowMax } = state.limits;
  if (!(lengthMs >= leaseLengthMsMin && lengthMs <= leaseLengthMsMax)) {
    const bounds = `from ${leaseLengthMsMin} to ${leaseLengthMsMax} ms`;
    return quietly(state, 'ERR_BAD_ARGUMENT', `A lease lasts ${bounds}, not ${lengthMs}`);
  }
  if (window > sessionWindowMax) {
    const why = `A session has at most ${sessionWindowMax} requests in its window, not ${window}`;
    return quietly(state, 'ERR_BAD_ARGUMENT', why);
  }
  if (draft.leases.size >= leasesMax) {
    return quietly(
      state,
      'ERR_OVERLOADED',
      `The cluster has ${leasesMax} leases, the most it keeps`,
    );
  }
  const id = leaseId(index);
  const session = window === 0 ? null : { window, ackedBelow: 1, replies: [], replyBytes: 0 };
  draft.grant({ id, lengthMs, files: PathMap.empty<true>(), session });
  return { kind: 'granted', revision: draft.revision, lease: id };
}

/** The log holds it in the leader's own term, or its word is void: another leader may have renewed. */
function expire(
  draft: Draft,
  state: TreeState,
  change: Change,
  { leases, term }: Extract<Command, { kind: 'expire' }>,
): Reply {
  if (change.term !== term) {
    const why = `The leader of term ${term} is none in term ${change.term}`;
    return quietly(state, 'ERR_BAD_ARGUMENT', why);
  }
  for (const id of leases) if (draft.lease(id) !== undefined) draft.end(id);
  return applied(draft);
}

type Found = Extract<Command, { kind: 'found' }>;
type Publish = Extract<Command, { kind: 'publish' }>;

/** Founds a cluster once: all of its first files are written, or none is. */
function found(draft: Draft, state: TreeState, command: Found): Refusal | null {
  if (state.lineage !== null) return badMutation(`Cluster "${state.name}" is founded already`);
  const ruled = founded(state, command);
  const trial = new Draft(state);
  for (const { path, body } of command.files) {
    const outcome = write(trial, ruled, { kind: 'set', path, body, guard: -1 });
    if (isRefusal(outcome)) return outcome;
  }
  for (const { path, body } of command.files) draft.set(path, body);
  return null;
}

/** The state with what the command settles. */
const founded = (
  state: TreeState,
  { lineage, name, limits, behaviourVersion }: Found,
): TreeState => ({
  ...state,
  lineage,
  name,
  limits,
  behaviourVersion,
});

/**
 * Writes what a member says of itself, and nothing for a node that is none any more: its last words
 * may be committed after its removal, and would stay for ever. A file that has no place (a guest's
 * file stands in the way) is passed over, since a pulse that wrote /ctl/err would drown every other
 * note.
 */
function publish(draft: Draft, state: TreeState, { node, files }: Publish): void {
  if (!isMember(state.membership, node) && !isMember(state.membershipInForce, node)) return;
  for (const { name, body } of files) {
    const path = name.includes('/') ? null : parsePath(`${nodeFolder(node)}/${name}`);
    if (path === null || checkSizes(state.limits, path, body) !== null) continue;
    if (canHoldFile(draft, path)) draft.set(path, body);
  }
}
