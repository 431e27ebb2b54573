import {
  isMember,
  type Membership,
  type NodeId,
  parseNodeId,
  textOf,
  utf8,
} from '../base/index.ts';
import { isInSlots, isSlot, type Path, slotName, slotsFolder } from '../paths/index.ts';
import type { Draft } from './draft.ts';
import type { Refusal } from './guards.ts';
import type { PathMap } from './path-map.ts';
import type { TreeState } from './state.ts';
import type { File } from './types.ts';

/** A place for a voter: /ctl/cal/NAME. `holder` is its body; empty: a voter is wanted. */
export type Slot = { readonly path: Path; readonly holder: string };

/** All slots, in walk order. */
export function slotsOf(files: PathMap<File>): Slot[] {
  const slots: Slot[] = [];
  for (const [path, { body }] of files.entries(slotsFolder)) {
    if (!isInSlots(path)) break;
    slots.push({ path, holder: textOf(body) });
  }
  return slots;
}

/**
 * The refusal of a body for `path`, which may be a slot. A slot is empty or holds the id of a
 * member that stands in no other slot (T7), and some voter keeps standing in one.
 *
 * @param body  `null`: the file is to be deleted.
 */
export function checkSlot(
  { files }: Draft,
  state: TreeState,
  path: Path,
  body: Uint8Array | null,
): Refusal | null {
  if (!isInSlots(path)) return null;
  if (body === null || (body.length === 0 && isSlot(path))) {
    return checkVacating(files, state.membershipInForce, path);
  }
  if (!isSlot(path)) return badSlot(path, 'slots are files directly in /ctl/cal');
  const id = body.length === 16 ? parseNodeId(textOf(body)) : null;
  if (id === null) return badSlot(path, 'a slot is empty or holds the id of a member');
  // Before the first membership there is nobody to ask; only the founding files come that early.
  if (state.lineage !== null || state.membershipInForce.addresses.size > 0) {
    if (!isMember(state.membership, id) && !isMember(state.membershipInForce, id)) {
      return badSlot(path, `${id} is no member`);
    }
  }
  const other = slotsOf(files).find((slot) => slot.holder === id && slot.path !== path);
  if (other !== undefined) return badSlot(path, `${id} stands in slot ${slotName(other.path)}`);
  return null;
}

/**
 * Emptying or deleting a slot that holds an id demotes its voter or makes the cluster smaller. A
 * voter is one that the membership in force goes on with: an outgoing one is about to lose its
 * slot.
 */
function checkVacating(files: PathMap<File>, inForce: Membership, path: Path): Refusal | null {
  const body = files.get(path)?.body;
  if (body === undefined || body.length === 0) return null;
  const voters: readonly string[] = inForce.voters;
  const stays = slotsOf(files).some((slot) => slot.path !== path && voters.includes(slot.holder));
  return stays ? null : badSlot(path, 'no voter would be left in any slot');
}

const badSlot = (path: Path, reason: string): Refusal => ({
  code: 'ERR_BAD_SLOT',
  note: 'bad slot',
  detail: `Cannot change slot "${path}": ${reason}`,
});

/**
 * Makes the slots agree with a final membership that follows `before`. Who lost its vote or left
 * loses its slot, and a learner that an operator named keeps it. Voters that are new and stand in
 * no slot take the places of those that lost theirs, directly, then the empty ones, both in walk
 * order. Whoever finds none goes without.
 */
export function settleSlots(draft: Draft, before: Membership, after: Membership): void {
  const slots = slotsOf(draft.files);
  const keeps = (holder: string): boolean => {
    const id = parseNodeId(holder);
    if (id === null || !isMember(after, id)) return false;
    return !before.voters.includes(id) || after.voters.includes(id);
  };
  const named = new Set(slots.map((slot) => slot.holder).filter(keeps));
  const homeless = after.voters.filter((id) => !before.voters.includes(id) && !named.has(id));
  const holders = new Map<Path, NodeId | ''>();
  for (const { path, holder } of slots) {
    if (holder !== '' && !keeps(holder)) holders.set(path, homeless.shift() ?? '');
  }
  for (const { path, holder } of slots) {
    const id = holder === '' ? homeless.shift() : undefined;
    if (id !== undefined) holders.set(path, id);
  }
  for (const { path } of slots) {
    const holder = holders.get(path);
    if (holder !== undefined) draft.set(path, utf8(holder));
  }
}
