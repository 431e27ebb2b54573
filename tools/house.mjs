// The house, as data. One row per room: its storey, its kind, and which rooms and packages it may
// import. Kinds: pure (values in, values out), types (interfaces only), ported (may wait, but reaches
// the world only through `ports`), world (may touch disk, socket, clock).
//
// `.dependency-cruiser.mjs` and `eslint.config.mjs` turn rows into rules and `npm run docs` prints the
// table in docs/architecture.md, so the drawing, the law and the code cannot drift apart. A room whose
// folder does not exist yet keeps its row: the law is there before the code is.

/**
 * @typedef {{
 *   readonly storey: number,
 *   readonly kind: 'pure' | 'types' | 'ported' | 'world',
 *   readonly may: readonly string[],
 *   readonly npm: readonly string[],
 * }} Room
 */

/** @type {Readonly<Record<string, Room>>} */
// biome-ignore format: a table is read in columns.
export const rooms = {
  base:      { storey: 0, kind: 'pure',   may: [], npm: [] },
  paths:     { storey: 1, kind: 'pure',   may: ['base'], npm: [] },
  raft:      { storey: 1, kind: 'pure',   may: ['base'], npm: [] },
  tree:      { storey: 2, kind: 'pure',   may: ['base', 'paths'], npm: [] },
  watch:     { storey: 3, kind: 'pure',   may: ['base', 'paths', 'tree'], npm: [] },
  protocol:  { storey: 3, kind: 'pure',   may: ['base', 'paths', 'raft', 'tree'], npm: ['msgpackr'] },
  ports:     { storey: 4, kind: 'types',  may: ['base', 'raft', 'protocol'], npm: [] },
  platform:  { storey: 5, kind: 'world',  may: ['base', 'ports'], npm: [] },
  wal:       { storey: 5, kind: 'ported', may: ['base', 'raft', 'protocol', 'ports'], npm: [] },
  client:    { storey: 5, kind: 'ported', may: ['base', 'paths', 'protocol', 'ports'], npm: [] },
  node:      { storey: 5, kind: 'ported', may: ['base', 'paths', 'raft', 'tree', 'watch', 'protocol', 'ports'], npm: [] },
  tls:       { storey: 5, kind: 'world',  may: ['base', 'ports'], npm: [] },
  transport: { storey: 6, kind: 'world',  may: ['base', 'raft', 'protocol', 'ports', 'tls'], npm: ['ws'] },
  server:    { storey: 6, kind: 'ported', may: ['base', 'paths', 'tree', 'watch', 'protocol', 'ports', 'node'], npm: [] },
  steward:   { storey: 6, kind: 'ported', may: ['base', 'paths', 'raft', 'tree', 'protocol', 'ports', 'node'], npm: [] },
  naming:    { storey: 6, kind: 'ported', may: ['base', 'paths', 'ports', 'client'], npm: [] },
  connect:   { storey: 7, kind: 'world',  may: ['base', 'paths', 'protocol', 'ports', 'tls', 'client', 'naming'], npm: ['ws'] },
  doors:     { storey: 7, kind: 'world',  may: ['base', 'paths', 'tree', 'watch', 'protocol', 'ports', 'tls', 'node', 'server'], npm: ['ws', 'prom-client'] },
  life:      { storey: 7, kind: 'ported', may: ['base', 'paths', 'raft', 'tree', 'protocol', 'ports', 'wal', 'client', 'node', 'server', 'steward', 'naming'], npm: [] },
  sim:       { storey: 8, kind: 'ported', may: ['base', 'paths', 'raft', 'tree', 'watch', 'protocol', 'ports', 'wal', 'client', 'node', 'server', 'steward', 'naming', 'life'], npm: [] },
  daemon:    { storey: 8, kind: 'world',  may: ['base', 'paths', 'raft', 'tree', 'watch', 'protocol', 'ports', 'platform', 'wal', 'tls', 'transport', 'client', 'node', 'server', 'steward', 'naming', 'life', 'connect', 'doors'], npm: ['pino'] },
  cli:       { storey: 9, kind: 'world',  may: ['base', 'paths', 'protocol', 'ports', 'client', 'naming', 'connect', 'daemon'], npm: ['commander', 'pino'] },
};

/** The parts of `protocol` that have a door of their own. */
export const protocolDoors = ['client', 'peer', 'doozer'];

/** @param {...Room['kind']} kinds */
export function roomsOfKind(...kinds) {
  return Object.keys(rooms).filter((name) => kinds.includes(rooms[name].kind));
}
