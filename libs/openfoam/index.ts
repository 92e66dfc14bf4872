/** OpenFOAM cases and what its programs say, without any I/O. */
export { type MeshCheck, meshCheckOf } from './check-mesh.ts';
export { type CodeFound, codeIn, codeMet } from './code.ts';
export { topEntries } from './dictionary.ts';
export { createDivergenceWatch, type DivergenceSign } from './divergence.ts';
export { type CaseHead, type Distribution, readHead, solverOf } from './head.ts';
export { createLogReader, type LogFindings, type LogRow, type Struggle } from './log-reader.ts';
export { type Command, deriveSteps, hasMesh, type StepAction, type Steps } from './steps.ts';
export {
  completeTimes,
  flawOf,
  FOOTER_CHARS,
  hasFooter,
  isTimeName,
  type TimeFile,
  timesIn,
} from './times.ts';
