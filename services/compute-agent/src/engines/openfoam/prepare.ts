import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bounds, MAX_RATIO, unpack, unpackConfined } from '#libs/archive/index.ts';
import { DomainError } from '#libs/errors/index.ts';
import { handOver, type Sandbox, solverLimits } from '#libs/sandbox/index.ts';
import { type Cancelled, failed, type Failed } from '../engine.ts';
import { type CaseHere, caseFolderIn, codeOf, readCase } from './case.ts';
import { settle } from './case-files.ts';
import { chooseFoam } from './choose.ts';
import { fitDecomposition } from './decompose.ts';
import type { WorkingFoam } from './detect.ts';
import type { SimulationJob } from './job.ts';
import type { OpenfoamOptions } from './openfoam.ts';
import { type Bench, startScript } from './program.ts';

/** A case that is ready for its programs. */
export interface Prepared {
  kind: 'prepared';
  bench: Bench;
  here: CaseHere;
  foam: WorkingFoam;
  notes: string[];
}

/** The bounds of a task's folder where neither the work nor the machine says less. */
export const boundsOf = (job: SimulationJob, options: OpenfoamOptions) => {
  const share = Math.floor(options.memoryBytes / options.slots);
  return {
    memoryBytes: Math.min(job.memoryBytes ?? share, share),
    diskBytes: Math.min(job.diskBytes ?? options.diskBytes, options.diskBytes),
    maxFiles: job.maxFiles,
  };
};

/** Unpacks the archive of a case into a new folder. */
export const unpackCase = async (
  job: SimulationJob,
  folder: string,
  { sandbox, diskBytes }: { sandbox: Sandbox; diskBytes: number },
  signal: AbortSignal,
): Promise<Failed | undefined> => {
  const bounds: Bounds = { bytes: diskBytes, entries: job.maxFiles, ratio: MAX_RATIO };
  const packed = `${folder}-packed`;
  try {
    await (sandbox.kind === 'none'
      ? unpack(job.archive, packed, bounds)
      : unpackConfined(job.archive, packed, bounds, signal));
    const inner = await caseFolderIn(packed, job.maxFiles);
    if (inner === undefined) {
      return failed('CASE_INVALID', 'the archive holds no system/controlDict, or several');
    }
    await rename(inner, folder);
    // What a step did before counts only within one run of the case.
    await rm(join(folder, '.muster-done'), { recursive: true, force: true });
    return undefined;
  } catch (thrown) {
    if (thrown instanceof DomainError && thrown.reason.startsWith('ARCHIVE_')) {
      return failed('CASE_INVALID', thrown.message);
    }
    throw thrown;
  } finally {
    await rm(packed, { recursive: true, force: true });
  }
};

/** Refuses code that is not wanted, or that this machine does not run. */
const refusalOf = async (
  here: CaseHere,
  { isCodeAllowed }: WorkingFoam,
  { wantsCode }: SimulationJob,
): Promise<Failed | undefined> => {
  if (wantsCode && isCodeAllowed) {
    return undefined;
  }
  const code = await codeOf(here);
  if (code === undefined) {
    return undefined;
  }
  return wantsCode
    ? failed('PROGRAM_MISSING', `this machine does not compile code of cases: ${code}`, {
        names: ['wmake'],
      })
    : failed('CODE_NOT_ALLOWED', `the case brings code: ${code}; allow it, or write it without`);
};

/** Chooses the OpenFOAM for a case that lies in its folder, and gives the folder to the box. */
export const prepare = async (
  job: SimulationJob,
  folder: string,
  options: OpenfoamOptions,
): Promise<Prepared | Failed> => {
  const here = await readCase(folder, job.maxFiles);
  if ('kind' in here) {
    return here;
  }
  const foam = chooseFoam(options.foams, job, here.head);
  if ('kind' in foam) {
    return foam;
  }
  const refusal = await refusalOf(here, foam, job);
  if (refusal !== undefined) {
    return refusal;
  }
  if (job.ranks > 1 && !foam.hasMpi) {
    return failed('PROGRAM_MISSING', 'this machine has no mpirun', { names: ['mpirun'] });
  }
  const notes =
    job.ranks > 1 ? await fitDecomposition(folder, here.files, job.ranks, foam.methods) : [];
  await settle(options.sandbox, folder, [...here.files]);
  const { sandbox, clock } = options;
  const limits = solverLimits(boundsOf(job, options), job.ranks);
  const bench = { sandbox, clock, installation: foam, tools: foam.tools, limits, ranks: job.ranks };
  return { kind: 'prepared', bench, here, foam, notes };
};

const FILE = /^(?:system|constant|0|0\.orig)\/[\w./+-]{1,250}$/;
const ENTRY = /^[\w"(][^\n;]{0,250}$/;

/** Sets the entries in which a case differs from the folder. */
export const applySettings = async (
  { bench, here }: Prepared,
  settings: SimulationJob['settings'],
  index: number,
  signal: AbortSignal,
): Promise<Failed | Cancelled | undefined> => {
  for (const { file, entry, value } of settings.get(index) ?? []) {
    if (signal.aborted) {
      return { kind: 'cancelled' };
    }
    if (!FILE.test(file) || file.includes('..') || !ENTRY.test(entry)) {
      return failed('CASE_INVALID', `${file}:${entry} cannot be set`);
    }
    const setting = startScript(bench, here.folder, ['set.sh', file, entry, value]);
    const { code } = await setting.exited;
    if (code !== 0) {
      const log = setting.log();
      return failed('CASE_INVALID', `${file}:${entry} could not be set to ${value}`, { log });
    }
  }
  await handOver(bench.sandbox, here.folder);
  return undefined;
};
