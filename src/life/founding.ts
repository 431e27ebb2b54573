import {
  base32Of,
  clusterId,
  type Lineage,
  logIndex,
  type NodeId,
  nodeId,
  noTime,
  soleMembership,
  term,
  utf8,
} from '../base/index.ts';
import type { NodeHandle } from '../node/index.ts';
import { clusterNameFile, nameServiceFile, nodeFile, slotPath } from '../paths/index.ts';
import type { Clock, LogStore, Random, Recovered } from '../ports/index.ts';
import { type Command, sessionsVersion, usualLimits } from '../tree/index.ts';

/** The rules `apply` follows in a cluster that is founded by this release. */
const behaviourVersion = sessionsVersion;
const idBytes = 10;
const foundAgainMs = 50;

export const freshNodeId = (random: Random): NodeId => nodeId(base32Of(random.bytes(idBytes)));

export const freshLineage = (random: Random): Lineage => ({
  clusterId: clusterId(base32Of(random.bytes(idBytes))),
  epoch: 1,
  epochId: '',
});

export type Founder = {
  readonly id: NodeId;
  readonly lineage: Lineage;
  readonly name: string;
  readonly address: string;
  readonly hostname: string;
  readonly version: string;
  readonly valueBytesMax: number;
  /** With a name service elsewhere the cluster is not announced in its own tree. */
  readonly announce: boolean;
  /** How many voters are wanted: its own place and empty ones. */
  readonly slots: number;
};

/**
 * Writes the first entry of a new cluster's log: its sole voter. It is committed by being there, as
 * the one voter holds it durably; a crash before this leaves an empty log, and it is done again.
 */
export async function saveFirstEntry(
  log: LogStore,
  id: NodeId,
  address: string,
): Promise<Recovered['entries']> {
  const entry = {
    index: logIndex(1),
    term: term(1),
    time: noTime,
    payload: { kind: 'membership' as const, membership: soleMembership(id, address) },
    encoded: null,
  };
  await log.save({
    snapshot: null,
    hardState: { term: term(1), votedFor: id },
    truncateFrom: null,
    entries: [entry],
    through: { index: entry.index, term: entry.term },
  });
  return [entry];
}

/** The tree's first command: revisions 1 to 6 as doozerd wrote them, with more slots if there are to be. */
export const foundCommand = (founder: Founder): Command => {
  const { id, name, address, hostname, version } = founder;
  const files = [
    { path: clusterNameFile, body: utf8(name) },
    { path: nodeFile(id, 'addr'), body: utf8(address) },
    { path: nodeFile(id, 'hostname'), body: utf8(hostname) },
    { path: nodeFile(id, 'version'), body: utf8(version) },
    { path: slotPath('0'), body: utf8(id) },
  ];
  for (let slot = 1; slot < founder.slots; slot++) {
    files.push({ path: slotPath(String(slot)), body: utf8('') });
  }
  if (founder.announce) files.push({ path: nameServiceFile(name, id), body: utf8(address) });
  return {
    kind: 'found',
    lineage: founder.lineage,
    name,
    behaviourVersion,
    limits: { ...usualLimits, valueBytesMax: founder.valueBytesMax },
    files,
  };
};

/** Founds the cluster's tree, once; tried until it is there. */
export function found(
  node: NodeHandle,
  founder: Founder,
  clock: Clock,
  stopped: () => boolean,
): void {
  if (stopped() || node.view().lineage !== null) return;
  // Not at once: a node that has just failed refuses on the spot, and would for ever.
  const again = () => clock.after(foundAgainMs, () => found(node, founder, clock, stopped));
  node.propose(foundCommand(founder), { applied: () => {}, failed: again });
}
