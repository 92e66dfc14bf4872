import { deriveSteps, hasMesh, meshCheckOf, type StepAction } from '#libs/openfoam/index.ts';
import { type Cancelled, type Failed, failed, type Outcome } from '../engine.ts';
import { filesBelow, moveParts } from './case-files.ts';
import { applySettings, boundsOf, prepare, type Prepared, unpackCase } from './prepare.ts';
import { runProgram, type RunOptions, type ToRun } from './run-step.ts';
import type { SimulationJob, StepName } from './job.ts';
import { doneWith, type TaskRun } from './task-run.ts';

/** A log of its own for each run of a program: `log.createPatch`, `log.createPatch.2`. */
export const logNames = () => {
  const counts = new Map<string, number>();
  return (program: string): string => {
    const count = (counts.get(program) ?? 0) + 1;
    counts.set(program, count);
    return count === 1 ? `log.${program}` : `log.${program}.${count}`;
  };
};

/** The programs of a list of a customer's. Those that are to run in parallel do so with all ranks. */
export const givenSteps = (
  step: StepName,
  commands: readonly (readonly [string, ...string[]])[],
  ranks: number,
): ToRun[] => {
  const logOf = logNames();
  return commands.map((command, i) => {
    const [program] = command;
    const isParallel = command.includes('-parallel') && program !== 'mpirun';
    const argv = isParallel ? (['mpirun', '-np', String(ranks), ...command] as const) : command;
    return { log: logOf(program), argv, done: `${step}/${i}` };
  });
};

const toRun = (action: Exclude<StepAction, { kind: 'solver' }>): ToRun => {
  switch (action.kind) {
    case 'program': {
      const { program, arguments: args } = action.command;
      return { log: `log.${program}`, argv: [program, ...args] };
    }
    case 'script':
      return { log: '-', argv: [action.name] };
    case 'restore-zero':
      return { log: 'log.restore0Dir', argv: ['restore0Dir'] };
    default:
      return action satisfies never;
  }
};

export const withoutSolver = (actions: readonly StepAction[]): ToRun[] =>
  actions.flatMap((action) => (action.kind === 'solver' ? [] : [toRun(action)]));

const check = async (
  options: RunOptions,
): Promise<{ notes: string[]; isFlawed: boolean; log: string } | Failed | Cancelled> => {
  const ran = await runProgram(options, { log: 'log.meshCheck', argv: ['checkMesh'] });
  if (ran.kind !== 'ran') {
    return ran;
  }
  const verdict = meshCheckOf(ran.log);
  if (verdict === undefined) {
    return failed('CASE_INVALID', 'checkMesh came to no verdict', { log: ran.log });
  }
  const { cells, failed: count, lines } = verdict;
  const cellsNote = `${cells.toLocaleString('en')} cells`;
  const notes =
    count === 0
      ? [`${cellsNote}, mesh OK`]
      : [`${cellsNote}, failed ${count} mesh checks`, ...lines];
  return { notes, isFlawed: count > 0, log: ran.log };
};

/** Whether `Allrun` solves the case, and may make the mesh too. */
const scriptSolves = ({ here }: Prepared, { steps, solver }: SimulationJob): boolean =>
  steps.solve === undefined && deriveSteps(here.head, here.files, { solver }).isScript;

const UNCHECKED = {
  notes: ['no mesh yet, which Allrun has to make; nothing was checked'],
  isFlawed: false,
  log: '',
};

const makeMesh = async (
  { here }: Prepared,
  task: TaskRun,
  options: RunOptions,
): Promise<Failed | Cancelled | undefined> => {
  const given = task.job.steps.mesh;
  const steps = given
    ? givenSteps('mesh', given, task.job.ranks)
    : withoutSolver(deriveSteps(here.head, here.files, { solver: task.job.solver }).mesh);
  for (const [i, step] of steps.entries()) {
    const name = step.log === '-' ? step.argv[0] : step.argv.join(' ');
    task.running.progress({ fraction: i / (steps.length + 1), text: name.slice(0, 200) });
    const ran = await runProgram(options, step);
    if (ran.kind !== 'ran') {
      return ran;
    }
  }
  return undefined;
};

/** Makes the mesh of a case. The result is its folder after that; a mesh whose check failed is flawed, and no failure. */
export const runMesh = async (task: TaskRun): Promise<Outcome> => {
  const { job, folder, options, running, index } = task;
  const bounds = boundsOf(job, options);
  const unfit = await unpackCase(job, folder, { ...options, ...bounds }, running.signal);
  if (unfit !== undefined) {
    return unfit;
  }
  const prepared = await prepare(job, folder, options);
  if (prepared.kind !== 'prepared') {
    return prepared;
  }
  const stopped = await applySettings(prepared, job.settings, index, running.signal);
  if (stopped !== undefined) {
    return stopped;
  }
  const runOptions = task.runOptions(prepared.bench);
  const failure = await makeMesh(prepared, task, runOptions);
  if (failure !== undefined) {
    return failure;
  }
  const isMade = hasMesh(await filesBelow(folder, job.maxFiles));
  if (!isMade && !scriptSolves(prepared, job)) {
    return failed('CASE_INVALID', 'no step made a mesh in constant/polyMesh; name the steps');
  }
  running.progress({ fraction: 0.9, text: isMade ? 'checkMesh' : 'no mesh yet' });
  const checked = isMade ? await check(runOptions) : UNCHECKED;
  if ('kind' in checked) {
    return checked;
  }
  const paths = await filesBelow(folder, job.maxFiles);
  const parts = await moveParts(folder, paths, task.results, options.random);
  return doneWith(task, prepared.foam, {
    parts,
    notes: [...checked.notes, ...prepared.notes],
    log: checked.log,
    isFlawed: checked.isFlawed,
  });
};
