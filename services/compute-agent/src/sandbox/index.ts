export { type Exit, startConfined } from './confined-process.ts';
export { findSandbox } from './detect.ts';
export { helperLimits, type Limits } from './limits.ts';
export { type Box, insidePath, type Sandbox } from './sandbox.ts';
export { makeWorkDir } from './work-dir.ts';
