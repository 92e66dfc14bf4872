/**
 * Programs that a process starts, knows again and ends, and processes as /proc tells them. Linux only.
 *
 * `startProgram` starts one; with a nonce (`startMarked`) it can outlive this process, and the next one finds, adopts (`isRunning`) or ends it
 * (`endMarked`, `createEnder`). `afterEnd` says when it is started again, `boundOutput` keeps what it says within bounds, and `lastLines`
 * tells its last words.
 */
export { environment, folder, isOfSystem, PROC, SYSTEM } from './bubblewrap.ts';
export { createEnder, endGroup, endMarked, endOne, signal, type Ender } from './end.ts';
export { StartFailure } from './failure.ts';
export { checkProgram, findProgram, ProgramMissing, systemProgram } from './find.ts';
export {
  hasOpen,
  identityOf,
  isAlive,
  isRunning,
  MARK,
  markedWith,
  readBootId,
  type Identity,
  type ProcessIdentity,
} from './identity.ts';
export { machineMemory } from './machine.ts';
export { boundOutput, lastLines, LOGS, outputSize, saidSince } from './output.ts';
export { removeFolder } from './remove-folder.ts';
export { afterEnd, isFailure, type RestartPolicy, type Run } from './restart.ts';
export { type Command, type Exit, type Started, startMarked, startProgram } from './start.ts';
export { denied } from './syscalls/denied.ts';
export { FILTERED, hasFilter, withFilter } from './syscalls/descriptor.ts';
export { allProcesses, environmentOf, processTree, statOf, treeUsage } from './stat.ts';
