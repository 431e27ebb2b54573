export type { Glob } from './glob.ts';
export { compileGlob } from './glob.ts';
export type { Path } from './path.ts';
export {
  ancestorsOf,
  childOf,
  comparePaths,
  endOfSubtree,
  isBelow,
  nameOf,
  parentOf,
  parsePath,
  path,
  rootPath,
} from './path.ts';
export {
  bootFile,
  bootFolder,
  clusterNameFile,
  controlFolder,
  errorFile,
  isInSlots,
  isSlot,
  keptFile,
  keptFolderOf,
  nameServiceFile,
  nameServiceFolder,
  nameServiceFolderOf,
  nodeFile,
  nodeFileNames,
  nodeFolder,
  nodeOfFolder,
  nodesFolder,
  slotName,
  slotPath,
  slotsFolder,
} from './reserved.ts';
export { sequencePath } from './sequence.ts';
