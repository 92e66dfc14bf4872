/**
 * Programs that a process starts, knows again and ends, and processes as /proc tells them. Linux only.
 *
 * `startProgram` starts one; with a nonce (`startMarked`) it can outlive this process, and the next one finds, adopts (`isRunning`) or ends it
 * (`endMarked`, `createEnder`). `afterEnd` says when it is started again, `boundOutput` keeps what it says within bounds, and `lastLines`
 * tells its last words.
 */
export { environment, folder, SYSTEM } from './bubblewrap.ts';
export { createEnder, endGroup, endMarked, endOne, type Ender } from './end.ts';
export { type FailureReason, StartFailure } from './failure.ts';
export { checkProgram, findProgram, ProgramMissing, systemProgram } from './find.ts';
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
export { isRunning, MARK, markedWith, type Identity } from './mark.ts';
export { boundOutput, lastLines, outputSize, rotateOutput, saidSince } from './output.ts';
export { afterEnd, isFailure, type RestartPolicy, type Run } from './restart.ts';
export { type Command, type Exit, type Started, startMarked, startProgram } from './start.ts';
export { allProcesses, statOf, type ProcessStat } from './stat.ts';
export { processTree, treeUsage, type TreeUsage } from './tree.ts';
