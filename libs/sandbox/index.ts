export { type ConfinedProcess, type Exit, startConfined } from './confined-process.ts';
export { folderMeter, type FolderUsage, folderUsage } from './folder.ts';
export { findSandbox } from './detect.ts';
export {
  decoderLimits,
  helperLimits,
  type Limits,
  rendererLimits,
  solverLimits,
} from './limits.ts';
export { OWN_PROGRAM } from './own-program.ts';
export { type Hardware, isFreePlace } from './profile.ts';
export {
  type Box,
  type Given,
  handOver,
  insidePath,
  makeWorkDir,
  plainName,
  type Sandbox,
} from './sandbox.ts';
export { usageOf } from './usage.ts';
export { type Excess, type Taken, type Watch, type WatchedLimits, watchLimits } from './watch.ts';
