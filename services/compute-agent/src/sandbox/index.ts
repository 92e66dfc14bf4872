export { type ConfinedProcess, type Exit, startConfined } from './confined-process.ts';
export { findSandbox } from './detect.ts';
export { helperLimits, type Limits } from './limits.ts';
export { type Box, confine, insidePath, type Sandbox } from './sandbox.ts';
export type { Excess } from './watch.ts';
export { makeWorkDir } from './work-dir.ts';
