import { type NodeId, parseNodeId } from '../base/index.ts';
import { childOf, isBelow, nameOf, type Path, parentOf, path } from './path.ts';

/*
 * The map of /ctl:
 *
 *   /ctl/name              the cluster's name             written when it is founded
 *   /ctl/node/ID/NAME      what node ID says of itself    written by the node, gone with the member
 *   /ctl/cal/SLOT          a wanted voter                 made by operators, filled by the cluster
 *   /ctl/ns/CLUSTER/ID     an address of CLUSTER          the name service
 *   /ctl/boot/CLUSTER      who founds CLUSTER             the name service
 *   /ctl/kept/CLUSTER/ID   whose folder holds CLUSTER     the name service
 *   /ctl/err               why the last operation was refused
 *
 * Only slots are checked when they are written. Everything else may be written by guests as in
 * doozerd, and steers nothing.
 */

export const controlFolder: Path = path('/ctl');
export const clusterNameFile: Path = path('/ctl/name');
export const nodesFolder: Path = path('/ctl/node');
export const slotsFolder: Path = path('/ctl/cal');
export const nameServiceFolder: Path = path('/ctl/ns');
export const bootFolder: Path = path('/ctl/boot');
const keptFolder: Path = path('/ctl/kept');
export const errorFile: Path = path('/ctl/err');

/** The files that a node keeps below its own folder. */
export const nodeFileNames = [
  'addr',
  'applied',
  'hostname',
  'state',
  'version',
  'writable',
] as const;

/** A file directly in /ctl/cal. */
export const isSlot = (file: Path): boolean => parentOf(file) === slotsFolder;
/** /ctl/cal or anything below it: what a write to it holds is checked. */
export const isInSlots = (file: Path): boolean =>
  file === slotsFolder || isBelow(file, slotsFolder);
/** `name` is one name, such as `0`. */
export const slotPath = (name: string): Path => path(`${slotsFolder}/${name}`);
export const slotName = (slot: Path): string => nameOf(slot);

export const nodeFolder = (id: NodeId): Path => childOf(nodesFolder, id);
/** `name` is one name, such as `addr`. */
export const nodeFile = (id: NodeId, name: string): Path => path(`${nodesFolder}/${id}/${name}`);
/** The node whose folder is `folder`, or `null` when it is no node's. */
export const nodeOfFolder = (folder: Path): NodeId | null =>
  parentOf(folder) === nodesFolder ? parseNodeId(nameOf(folder)) : null;

/** Where the members of `cluster` announce their addresses. */
export const nameServiceFolderOf = (cluster: string): Path =>
  path(`${nameServiceFolder}/${cluster}`);
export const nameServiceFile = (cluster: string, id: NodeId): Path =>
  path(`${nameServiceFolder}/${cluster}/${id}`);
export const bootFile = (cluster: string): Path => path(`${bootFolder}/${cluster}`);
/** Nodes of `cluster` whose folders hold its data, running or not. Not in doozerd. */
export const keptFolderOf = (cluster: string): Path => path(`${keptFolder}/${cluster}`);
export const keptFile = (cluster: string, id: string): Path =>
  path(`${keptFolder}/${cluster}/${id}`);
