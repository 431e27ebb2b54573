import type { Membership, NodeId } from '../base/index.ts';
import { assert, limits, membersOf } from '../base/index.ts';
import { Reader } from './reader.ts';
import { bytesOf, Writer } from './writer.ts';

/*
 * A membership in bytes, little-endian:
 *
 *   u8   1, the form's version
 *   u8   flags: 1 joint
 *   u16  count of members, then each, in the order voters, outgoing, learners, learnersNext:
 *          16 bytes of id, u16 length and text of the address
 *   u8   counts of voters, outgoing, learners, learnersNext, parked,
 *        each followed by that many u8 places in the list of members
 *
 * The same membership always gives the same bytes, whatever order its map has.
 */
const formVersion = 1;
const jointFlag = 1;

export function encodeMembership(m: Membership): Uint8Array {
  const members = membersOf(m);
  assert(members.length <= limits.membersMax, `a membership has at most ${limits.membersMax}`);
  assert(members.length === m.addresses.size, 'a membership has one address for each member');
  const addresses = members.map((id) => bytesOf(m.addresses.get(id) ?? ''));
  const lists = [m.voters, m.outgoing ?? [], m.learners, m.learnersNext, m.parked];
  const listBytes = lists.reduce((sum, list) => sum + 1 + list.length, 0);
  const size = addresses.reduce((sum, address) => sum + 18 + address.length, 4 + listBytes);
  const writer = new Writer(size);
  writer.u8(formVersion);
  writer.u8(m.outgoing === null ? 0 : jointFlag);
  writer.u16(members.length);
  members.forEach((id, i) => {
    writer.ascii(id);
    writer.short(addresses[i] ?? bytesOf(''));
  });
  for (const list of lists) {
    writer.u8(list.length);
    for (const id of list) {
      const place = members.indexOf(id);
      assert(place >= 0, 'every id of a membership names a member');
      writer.u8(place);
    }
  }
  return writer.finish();
}

/** @throws ERR_BAD_FRAME when `bytes` are not exactly one membership. */
export function decodeMembership(bytes: Uint8Array): Membership {
  const reader = new Reader(bytes, 'a membership');
  const version = reader.u8();
  if (version !== formVersion) reader.fail(`form ${version} is not known`, 0);
  const flags = reader.u8();
  if ((flags & ~jointFlag) !== 0) reader.fail(`flags ${flags} are not known`, 1);
  const addresses = readAddresses(reader);
  const members = [...addresses.keys()];
  const voters = readList(reader, members);
  const outgoing = readList(reader, members);
  const learners = readList(reader, members);
  const learnersNext = readList(reader, members);
  const parked = readList(reader, members);
  reader.end();
  const joint = (flags & jointFlag) !== 0;
  if (!joint && outgoing.length + learnersNext.length > 0) {
    reader.fail('a final membership has no outgoing voters');
  }
  const membership = { voters, outgoing: joint ? outgoing : null, learners, learnersNext, parked };
  const named = membersOf({ ...membership, addresses });
  if (named.length !== members.length) reader.fail('an address belongs to nobody');
  return { ...membership, addresses };
}

function readAddresses(reader: Reader): Map<NodeId, string> {
  const count = reader.count(reader.u16(), 18);
  if (count > limits.membersMax) reader.fail(`${count} members, at most ${limits.membersMax}`);
  const addresses = new Map<NodeId, string>();
  for (let i = 0; i < count; i++) addresses.set(reader.nodeId(), reader.text());
  if (addresses.size !== count) reader.fail('a member is named twice');
  return addresses;
}

function readList(reader: Reader, members: readonly NodeId[]): NodeId[] {
  const count = reader.count(reader.u8(), 1);
  const list: NodeId[] = [];
  for (let i = 0; i < count; i++) {
    const place = reader.u8();
    list.push(members[place] ?? reader.fail(`there is no member ${place}`, reader.at - 1));
  }
  if (new Set(list).size !== count) reader.fail('a list names a member twice');
  return list;
}
