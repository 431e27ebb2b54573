import { assert, type ClusterTime, isMember, noBytes, unreachable, utf8 } from '../base/index.ts';
import { errorFile, nodeFolder, type Path, parsePath } from '../paths/index.ts';
import { Draft } from './draft.ts';
import { checkSizes, checkWrite, type Refusal } from './guards.ts';
import { applyMembership } from './members.ts';
import { canHoldFile } from './places.ts';
import { checkSlot } from './slots.ts';
import type { TreeState } from './state.ts';
import type { Change, Command, Event, GuardRevision, Reply } from './types.ts';

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
  const draft = new Draft(state);
  const { body } = change;
  switch (body.kind) {
    case 'command': {
      const { command } = body.envelope;
      const refusal = applyCommand(draft, state, command);
      if (refusal !== null) noteRefusal(draft, refusal);
      const settings =
        command.kind === 'found' && refusal === null ? founded(state, command) : state;
      return finish(draft, state, change, settings, replyOf(draft, refusal));
    }
    case 'membership':
      return finish(draft, state, change, applyMembership(draft, state, body.membership), null);
    case 'nothing':
      return finish(draft, state, change, state, null);
    default:
      return unreachable(body);
  }
}

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
    sessions: before.sessions,
    leases: before.leases,
  };
  assert(
    state.revision === before.revision + events.length,
    'T1: each event has a revision of its own',
  );
  return { state, reply, events };
}

function replyOf({ revision }: Draft, refusal: Refusal | null): Reply {
  if (refusal === null) return { kind: 'applied', revision };
  return { kind: 'refused', code: refusal.code, detail: refusal.detail, revision };
}

/**
 * Leaves a note at the refused command's revision. Where guests have made the note impossible (/ctl
 * is a file, or /ctl/err a directory), the revision is taken all the same, by a nop.
 */
function noteRefusal(draft: Draft, { note }: Refusal): void {
  if (canHoldFile(draft, errorFile)) draft.set(errorFile, utf8(note));
  else draft.nop();
}

function applyCommand(draft: Draft, state: TreeState, command: Command): Refusal | null {
  switch (command.kind) {
    case 'set':
      return set(draft, state, command.path, command.body, command.guard);
    case 'delete':
      return remove(draft, state, command.path, command.guard);
    case 'nop':
      draft.nop();
      return null;
    case 'found':
      return found(draft, state, command);
    case 'publish':
      publish(draft, state, command);
      return null;
    case 'unreadable':
      return badMutation('This version cannot read the command');
    default:
      return unreachable(command);
  }
}

function set(
  draft: Draft,
  state: TreeState,
  path: Path,
  body: Uint8Array,
  guard: GuardRevision,
): Refusal | null {
  const old = draft.files.get(path);
  const refusal =
    checkSizes(state.limits, path, body) ??
    checkWrite(draft, path, old, guard) ??
    checkSlot(draft, state, path, body);
  if (refusal === null) draft.set(path, body, old);
  return refusal;
}

function remove(draft: Draft, state: TreeState, path: Path, guard: GuardRevision): Refusal | null {
  const refusal =
    checkSizes(state.limits, path, noBytes) ??
    checkWrite(draft, path, draft.files.get(path), guard) ??
    checkSlot(draft, state, path, null);
  if (refusal === null) draft.delete(path);
  return refusal;
}

type Found = Extract<Command, { kind: 'found' }>;
type Publish = Extract<Command, { kind: 'publish' }>;

/** Founds a cluster once: all of its first files are written, or none is. */
function found(draft: Draft, state: TreeState, command: Found): Refusal | null {
  if (state.lineage !== null) return badMutation(`Cluster "${state.name}" is founded already`);
  const ruled = founded(state, command);
  const trial = new Draft(state);
  for (const { path, body } of command.files) {
    const refusal = set(trial, ruled, path, body, -1);
    if (refusal !== null) return refusal;
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

const badMutation = (detail: string): Refusal => ({
  code: 'ERR_BAD_ARGUMENT',
  note: 'bad mutation',
  detail,
});
