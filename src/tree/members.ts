import { compareText, isJoint, isMember, type Membership, membersOf } from '../base/index.ts';
import { isBelow, nodeFolder, type Path } from '../paths/index.ts';
import type { Draft } from './draft.ts';
import { settleSlots } from './slots.ts';
import type { TreeState } from './state.ts';

/**
 * Takes in a membership. A joint one changes no file. A final one settles the slots and deletes
 * what members that are gone said of themselves, each file at a revision of its own. Answers with
 * the state's new settings; its files are the draft's.
 */
export function applyMembership(draft: Draft, state: TreeState, membership: Membership): TreeState {
  if (isJoint(membership)) {
    return { ...state, membershipInForce: membership };
  }
  settleSlots(draft, state.membership, membership);
  const before = new Set([...membersOf(state.membership), ...membersOf(state.membershipInForce)]);
  const gone = [...before].filter((id) => !isMember(membership, id)).sort(compareText);
  for (const id of gone) {
    for (const path of pathsBelow(draft, nodeFolder(id))) draft.delete(path);
  }
  return { ...state, membership, membershipInForce: membership };
}

/** Every file below `folder`, in walk order. */
function pathsBelow({ files }: Draft, folder: Path): Path[] {
  const paths: Path[] = [];
  for (const [path] of files.entries(folder)) {
    if (path === folder) continue;
    if (!isBelow(path, folder)) break;
    paths.push(path);
  }
  return paths;
}
