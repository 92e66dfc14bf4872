/** Processes of this machine as /proc tells them: which one is which, what belongs to it, what it uses. Linux only. */
export {
  findByEnvironment,
  hasOpen,
  identityOf,
  isAlive,
  readBootId,
  signal,
  wasStartedWith,
  type ProcessIdentity,
} from './identity.ts';
export { allProcesses, statOf, type ProcessStat } from './stat.ts';
export { processTree, treeUsage, type TreeUsage } from './tree.ts';
