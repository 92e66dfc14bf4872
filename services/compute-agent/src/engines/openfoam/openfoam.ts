import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SimulationWork } from '#libs/contracts/agent.ts';
import { parseTaskKey } from '#libs/mesh/index.ts';
import { CANCELLED, type Engine, failed, misunderstood, type Outcome } from '../engine.ts';
import type { Family, Surroundings } from '../family.ts';
import { TooManyFiles } from './case-files.ts';
import { runCollect } from './collect.ts';
import {
  detectOpenfoam,
  type OpenfoamSettings,
  openfoamVariables,
  type WorkingFoam,
} from './detect.ts';
import { OPENFOAM_ENGINES, type SimulationJob, simulationJobOf, type StepName } from './job.ts';
import { runMesh } from './mesh.ts';
import { runSolve } from './solve.ts';
import type { TaskRun } from './task-run.ts';

/** What the OpenFOAM engine needs to know about this machine and this agent. */
export interface OpenfoamOptions extends Pick<
  Surroundings,
  'sandbox' | 'folder' | 'slots' | 'memoryBytes' | 'clock' | 'random'
> {
  /** The OpenFOAMs of this machine. */
  foams: readonly WorkingFoam[];
  /** The most bytes of one task's folder. */
  diskBytes: number;
}

const DISK_BYTES = 64 * 1024 ** 3;

const STEPS: Readonly<Record<StepName, (task: TaskRun) => Promise<Outcome>>> = {
  mesh: runMesh,
  solve: runSolve,
  collect: runCollect,
};

const isStep = (name: string): name is StepName => Object.hasOwn(STEPS, name);

/** The engine for {@link SimulationJob}s. Each task has a folder of its own, made of its inputs. */
export const createOpenfoamEngine = async (
  options: OpenfoamOptions,
): Promise<Engine<SimulationJob>> => {
  const { clock, random } = options;
  const cases = join(options.folder, 'cases');
  const results = join(options.folder, 'results');
  await rm(cases, { recursive: true, force: true });
  await mkdir(cases, { recursive: true });
  await chmod(cases, 0o755);
  await mkdir(results, { recursive: true });

  const run = async (job: SimulationJob, task: string, running: TaskRun['running']) => {
    const { node = '', index = 0 } = parseTaskKey(task) ?? {};
    if (!isStep(node)) {
      return misunderstood(`the task ${task}`);
    }
    const own = join(cases, random.id('c'));
    const startedMs = clock.monotonic();
    const deadlineMs = startedMs + job.stepTimeoutMs;
    await mkdir(own);
    await chmod(own, 0o755);
    try {
      return await STEPS[node]({
        job,
        index,
        folder: join(own, 'case'),
        copies: join(own, 'copies'),
        results,
        options,
        running,
        runOptions: (bench) => ({
          bench,
          folder: join(own, 'case'),
          signal: running.signal,
          deadlineMs,
          timeoutText: `took longer than the step may: ${job.stepTimeoutMs / 1_000} s`,
        }),
        seconds: () => (clock.monotonic() - startedMs) / 1_000,
      });
    } catch (thrown) {
      if (running.signal.aborted) {
        return CANCELLED;
      }
      if (thrown instanceof TooManyFiles) {
        return failed('RENDER_ERROR', thrown.message);
      }
      throw thrown;
    } finally {
      await rm(own, { recursive: true, force: true });
    }
  };

  return {
    open: async (job, signal) =>
      signal.aborted
        ? CANCELLED
        : {
            kind: 'opened',
            makesCheckpoints: ({ key }) => key.startsWith('solve/'),
            run: (task, running) => run(job, task.key, running),
            close: async () => undefined,
          },
  };
};

/** Cases, computed by whatever OpenFOAM this machine has. */
export const openfoam = {
  name: 'openfoam',
  engines: OPENFOAM_ENGINES,
  isAuto: true,
  isConfined: true,
  variables: openfoamVariables,
  async detect(wanted, around, signal) {
    const foams = await detectOpenfoam(wanted, around, signal);
    if ('why' in foams) {
      return { kind: 'missing', why: foams.why };
    }
    return {
      kind: 'works',
      offers: foams.map(({ distribution, version }) => ({
        name: distribution,
        version,
        devices: [],
      })),
      engine: await createOpenfoamEngine({ ...around, foams, diskBytes: DISK_BYTES }),
    };
  },
  jobOf: (_workloadId, work) => simulationJobOf(work),
} satisfies Family<SimulationWork, SimulationJob, OpenfoamSettings>;
