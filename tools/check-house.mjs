// Proves that the room table is sound and that src/ is built as the table says: every import points
// to a lower storey (hence no cycles between rooms), no room rests on a worldlier one, every folder
// of src/ is a room with a door, and every package that we depend on has a room that may use it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesUnder, foldersIn, top } from './files.mjs';
import { protocolDoors, rooms, roomsOfKind } from './house.mjs';

const rank = { pure: 0, types: 1, ported: 2, world: 3 };
const faults = [];

for (const [name, room] of Object.entries(rooms)) {
  if (!(room.kind in rank)) faults.push(`${name}: unknown kind "${room.kind}"`);
  for (const below of room.may) {
    const other = rooms[below];
    if (other === undefined) {
      faults.push(`${name}: unknown room "${below}"`);
      continue;
    }
    if (other.storey >= room.storey) {
      faults.push(
        `${name} (storey ${room.storey}) may not import ${below} (storey ${other.storey}): imports point down`,
      );
    }
    if (rank[other.kind] > rank[room.kind]) {
      faults.push(`${name} (${room.kind}) may not rest on ${below} (${other.kind})`);
    }
  }
}

for (const folder of foldersIn('src')) {
  if (!(folder in rooms)) faults.push(`src/${folder} is not in the room table (tools/house.mjs)`);
  const files = filesUnder(`src/${folder}`, '.ts');
  if (files.length > 0 && !files.includes(`src/${folder}/index.ts`)) {
    faults.push(`src/${folder} has no door: write src/${folder}/index.ts`);
  }
}
for (const file of filesUnder('src', '.ts')) {
  if (file.split('/').length < 3) faults.push(`${file} stands in no room`);
}
for (const part of foldersIn('src/protocol')) {
  const files = filesUnder(`src/protocol/${part}`, '.ts');
  if (!protocolDoors.includes(part)) faults.push(`src/protocol/${part} is not a part of protocol`);
  else if (files.length > 0 && !files.includes(`src/protocol/${part}/index.ts`)) {
    faults.push(`src/protocol/${part} has no door: write src/protocol/${part}/index.ts`);
  }
}

const { dependencies = {} } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8'));
const housed = new Set(Object.values(rooms).flatMap(({ npm }) => npm));
for (const name of Object.keys(dependencies)) {
  if (!housed.has(name)) faults.push(`package "${name}" is a dependency but no room may use it`);
}

// The compiler run without Node types covers the pure rooms; protocol stays out because the types of
// its packages mention Node.
const pure = JSON.parse(readFileSync(join(top, 'tsconfig.pure.json'), 'utf8')).include;
const expected = roomsOfKind('pure')
  .filter((name) => name !== 'protocol')
  .map((name) => `src/${name}`);
if (pure.join() !== expected.join()) {
  faults.push(`tsconfig.pure.json must include exactly: ${expected.join(', ')}`);
}

for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exit(1);
console.log(`house: ${Object.keys(rooms).length} rooms, table and folders agree`);
