import { codeMet, type DivergenceSign, type LogFindings } from '#libs/openfoam/index.ts';
import type { Exit } from '#libs/sandbox/index.ts';
import { failed, type Failed } from '../engine.ts';

/** How a program of a step ended, and what it said. */
export interface Ended {
  program: string;
  exit: Exit;
  /** The end of its output. */
  log: string;
  findings: LogFindings;
  sign: DivergenceSign | undefined;
  /** The newest time that is whole and older than the first sign of divergence. */
  lastGood?: string | undefined;
}

/** The exit codes of a shell. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;
const OF_SIGNAL = 128;
const FPE = OF_SIGNAL + 8;
const FILE_TOO_LONG = OF_SIGNAL + 25;

const COMMAND_MISSING = /(?:^|\s)([\w.+-]{1,128}): (?:command )?not found/g;
/** mpirun says it in two lines, and in its own words. */
const MPI_MISSING = /Executable: ([\w./+-]{1,256})/;
const NO_MEMORY = /std::bad_alloc|Cannot allocate memory/i;
const NO_SPACE = /No space left on device/i;
const NAN = /'-?nan'|'-?inf'/;
/** What a program says where it may not compile, or cannot. */
const COMPILES =
  /not permitted to execute.{0,40}code|administrator rights|dynamicCode|Unknown variable 'WM_OPTIONS'|wmake/i;

/** What is missing, if a program is; undefined if none is. */
const missingIn = ({ exit, log, program }: Ended): string | undefined => {
  // The last one is that for which it ended.
  const command = [...log.matchAll(COMMAND_MISSING)].at(-1)?.[1];
  const [, ofMpi] = log.includes('mpirun was unable') ? (MPI_MISSING.exec(log) ?? []) : [];
  if (ofMpi !== undefined) {
    return ofMpi;
  }
  if (exit.code === NOT_FOUND) {
    return command ?? program;
  }
  return exit.code === NOT_EXECUTABLE ? program : undefined;
};

/** The path of a file as its owner knows it. */
const plain = (file: string): string => file.replace(/^\/work\//, '');

/** Whether it ran away: the signs before the end, or the trap that ended it. */
const hasDiverged = ({ exit, findings, sign, log }: Ended): boolean =>
  findings.current !== undefined || findings.solvingAt !== undefined
    ? exit.code === FPE ||
      findings.isTrapped ||
      (findings.fatal !== undefined && NAN.test(findings.fatal)) ||
      (sign !== undefined && exit.code !== 0) ||
      log.includes('exited on signal 8')
    : false;

const divergence = ({ findings, sign, lastGood }: Ended, last: string | undefined): string => {
  const at = sign?.time ?? last ?? findings.current?.time;
  const step = sign === undefined ? '' : `step ${sign.step}, `;
  const what = sign === undefined ? 'a floating point exception ended it' : sign.text;
  const good =
    lastGood === undefined ? 'no time before that was written' : `time ${lastGood} is good`;
  return `the solution diverged at ${step}time ${at ?? 'unknown'}: ${what}; ${good}`;
};

/** What it said, without the places in its source. */
const withoutSource = (fatal: string): string =>
  fatal
    .split('\n')
    .filter((line) => !/^ {4}(?:From function|in file) /.test(line) && line.trim() !== '')
    .join('\n');

/** The last lines that say anything. */
const lastWords = (log: string): string =>
  log
    .trimEnd()
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-3)
    .join('\n')
    .slice(-600);

/**
 * Why a step failed whose program did not come to a good end. Undefined if it did: exit code 0, and for a solver also its `End`.
 *
 * @param last the time of the last step that began
 */
export const failureOf = (ended: Ended, seconds: number, last?: string): Failed | undefined => {
  const { program, exit, log, findings } = ended;
  const more = { log, seconds };
  if (exit.excess !== undefined) {
    const failureClass = exit.excess.of === 'memory' ? 'OUT_OF_MEMORY' : 'RENDER_ERROR';
    return failed(failureClass, `${program} ${exit.excess.text}`, more);
  }
  const code = codeMet(log);
  if (exit.code !== 0 && code !== undefined && COMPILES.test(log)) {
    const where = code.line === undefined ? '' : ` at line ${code.line}`;
    return failed('CODE_NOT_ALLOWED', `${code.what}${where} of ${plain(code.file)} is code`, more);
  }
  const missing = missingIn(ended);
  if (missing !== undefined && exit.code !== 0) {
    const reason = `this OpenFOAM has no program ${missing}`;
    return failed('PROGRAM_MISSING', reason, { ...more, names: [missing] });
  }
  if (hasDiverged(ended)) {
    return failed('DIVERGED', divergence(ended, last), more);
  }
  if (exit.code === 0 && (findings.isEnded || last === undefined)) {
    return undefined;
  }
  if (NO_MEMORY.test(log)) {
    return failed('OUT_OF_MEMORY', `${program} ran out of memory`, more);
  }
  if (NO_SPACE.test(log)) {
    return failed('AGENT_ERROR', `the disk of this machine is full: ${lastWords(log)}`, more);
  }
  if (exit.code === FILE_TOO_LONG) {
    return failed('RENDER_ERROR', `${program} wrote a longer file than it may`, more);
  }
  if (findings.fatal !== undefined) {
    return failed('CASE_INVALID', `${program}: ${withoutSource(findings.fatal)}`, more);
  }
  if (exit.code === 0) {
    return failed('CASE_INVALID', `${program} ended at time ${last} without its End`, more);
  }
  const how =
    exit.code === null
      ? `was ended by ${exit.signal ?? 'a signal'}`
      : exit.code > OF_SIGNAL
        ? `was ended by signal ${exit.code - OF_SIGNAL}`
        : `ended with exit code ${exit.code}`;
  const failureClass =
    exit.code === null || exit.code > OF_SIGNAL ? 'RENDERER_DIED' : 'CASE_INVALID';
  return failed(failureClass, `${program} ${how}: ${lastWords(log)}`, more);
};
