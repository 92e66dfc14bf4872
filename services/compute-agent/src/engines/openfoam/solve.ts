import { appendFile, copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { deriveSteps, type LogRow, timesIn } from '#libs/openfoam/index.ts';
import {
  type Cancelled,
  type Failed,
  failed,
  type Outcome,
  type Part,
  type Progress,
  type Resumed,
} from '../engine.ts';
import { filesBelow, layOutParts, moveParts, readBelow } from './case-files.ts';
import { createCheckpoints } from './checkpoints.ts';
import { type Control, readControl } from './control.ts';
import { givenSteps, withoutSolver } from './mesh.ts';
import { prepare, type Prepared } from './prepare.ts';
import { type Listener, type RanWell, runProgram, type ToRun } from './run-step.ts';
import { doneWith, type TaskRun } from './task-run.ts';

const CONTROL = 'system/controlDict';
const MAX_CONTROL_BYTES = 1024 ** 2;

/** Fields that tell most about how far a solution is, in this order. */
const TELLING = ['p', 'p_rgh', 'Ux', 'h', 'T'];

/** How far a solver is, for people. Its end is known for sure only of solvers that do not stop once they converged. */
export const progressOf = (
  row: Pick<LogRow, 'time' | 'at' | 'values'>,
  { from, endTime }: { from: number; endTime: number | undefined },
  elapsedSeconds: number,
): Progress => {
  const name = TELLING.find((each) => row.values.has(each)) ?? [...row.values.keys()][0];
  const residual = name === undefined ? undefined : row.values.get(name);
  const text = `Time = ${row.time}${
    residual === undefined ? '' : `, ${name} ${Number(residual.toPrecision(2))}`
  }`;
  const part = endTime === undefined ? Number.NaN : (row.at - from) / (endTime - from);
  if (!Number.isFinite(part) || part <= 0) {
    return { fraction: undefined, text: text.slice(0, 200) };
  }
  const fraction = Math.min(part, 1);
  return {
    fraction,
    text: text.slice(0, 200),
    remainingSeconds: (elapsedSeconds * (1 - fraction)) / fraction,
  };
};

/** What a solve runs, in order; a solver on several ranks after the case was divided. */
const toSolve = ({ here }: Prepared, { job }: TaskRun): ToRun[] | Failed => {
  const given = job.steps.solve;
  if (given !== undefined) {
    return givenSteps('solve', given, job.ranks);
  }
  const { solve } = deriveSteps(here.head, here.files, { solver: job.solver });
  if (solve.length === 0) {
    return failed('CASE_INVALID', 'nothing in system/controlDict tells the solver; name it');
  }
  const regions = here.files.has('constant/regionProperties') ? ['-allRegions'] : [];
  const solver = solve.flatMap((action): ToRun[] => {
    if (action.kind !== 'solver') {
      return [];
    }
    const { program } = action;
    return job.ranks === 1
      ? [{ log: `log.${program}`, argv: [program] }]
      : [
          { log: 'log.decomposePar', argv: ['decomposePar', ...regions] },
          {
            log: `log.${program}`,
            argv: ['mpirun', '-np', String(job.ranks), program, '-parallel'],
          },
        ];
  });
  return [...withoutSolver(solve), ...solver];
};

/** Lets the solver go on from its latest time. The last entry of a dictionary counts, so nothing that was there is read or changed. */
const goOn = async ({ folder, copies }: TaskRun, parts: readonly Part[]) => {
  const original = parts.find(({ path }) => path === CONTROL);
  if (original === undefined) {
    return (same: readonly Part[]) => [...same];
  }
  await mkdir(copies, { recursive: true });
  const kept = { ...original, file: join(copies, 'controlDict') };
  await copyFile(original.file, kept.file);
  await appendFile(join(folder, CONTROL), '\nstartFrom latestTime;\n');
  return (taken: readonly Part[]) => taken.map((part) => (part.path === CONTROL ? kept : part));
};

/** Where the case comes from: a checkpoint of this task, or the mesh. */
const startOf = async ({
  running,
  index,
}: TaskRun): Promise<
  { parts: readonly Part[]; resumed: Resumed | undefined } | Failed | Cancelled
> => {
  const resumed = await running.resume();
  if (resumed !== undefined) {
    return resumed.kind === 'resumed' ? { parts: resumed.parts, resumed } : resumed;
  }
  const mesh = await running.inputParts(`mesh/${index}`);
  return mesh.kind === 'parts' ? { parts: mesh.parts, resumed: undefined } : mesh;
};

/** The time from which a solver begins; later ones are new. */
const beginningOf = (control: Control, resumed: Resumed | undefined): number =>
  resumed?.position ?? control.startTime ?? -Infinity;

const solved = async (
  task: TaskRun,
  prepared: Prepared,
  run: { steps: readonly ToRun[]; listener: Listener },
): Promise<RanWell | Failed | Cancelled> => {
  let last: RanWell | undefined;
  let solver: RanWell | undefined;
  for (const step of run.steps) {
    const ran = await runProgram(task.runOptions(prepared.bench), step, run.listener);
    if (ran.kind !== 'ran') {
      return ran;
    }
    last = ran;
    solver = ran.last === undefined ? solver : ran;
  }
  return (
    solver ??
    failed('CASE_INVALID', 'no program of the step computed a time', { log: last?.log ?? '' })
  );
};

/** Runs the solver of a case, from its mesh or from a checkpoint. The result is its folder after that, processors and all. */
export const runSolve = async (task: TaskRun): Promise<Outcome> => {
  const { job, folder, copies, options, running } = task;
  const { clock, random } = options;
  const start = await startOf(task);
  if ('kind' in start) {
    return start;
  }
  await layOutParts(options.sandbox, folder, start.parts);
  const control = readControl((await readBelow(folder, CONTROL, MAX_CONTROL_BYTES)) ?? '');
  const restored =
    start.resumed === undefined
      ? (same: readonly Part[]) => [...same]
      : await goOn(task, start.parts);
  const prepared = await prepare(job, folder, options);
  if (prepared.kind !== 'prepared') {
    return prepared;
  }
  const steps = toSolve(prepared, task);
  if ('kind' in steps) {
    return steps;
  }
  const from = beginningOf(control, start.resumed);
  const checkpoints = createCheckpoints({
    folder,
    copies,
    clock,
    random,
    running,
    everyMs: job.checkpointEveryMs,
    maxFiles: job.maxFiles,
    control,
    restored,
    from,
  });
  let work: Parameters<typeof checkpoints.follow>[0] | undefined;
  const listener: Listener = {
    onRow: (row) => {
      const span = { from: Number.isFinite(from) ? from : 0, endTime: control.endTime };
      running.progress(progressOf(row, span, task.seconds()));
    },
    onStart: (started) => {
      work = started;
      return checkpoints.follow(started);
    },
    lastGood: (sign) =>
      work === undefined ? Promise.resolve(undefined) : checkpoints.last(work, sign),
  };
  const ran = await solved(task, prepared, { steps, listener });
  if (ran.kind !== 'ran') {
    return ran;
  }
  const times = timesIn(await checkpoints.timesHere()).filter((time) => Number(time) > from);
  if (times.length === 0 && start.resumed === undefined) {
    const reason = `the solver ended at time ${ran.last}, and wrote no time; see writeInterval`;
    return failed('CASE_INVALID', reason, { log: ran.log, seconds: task.seconds() });
  }
  const { convergedIn } = ran.findings;
  const paths = (await filesBelow(folder, job.maxFiles)).filter(checkpoints.isResult);
  const moved = await moveParts(folder, paths, task.results, random);
  const kept = restored(moved);
  const parts = await ownFiles(kept, moved, task);
  return doneWith(task, prepared.foam, {
    parts,
    notes: [
      ...(convergedIn === undefined ? [] : [`converged in ${convergedIn} iterations`]),
      ...(start.resumed === undefined ? [] : [`went on from time ${start.resumed.name}`]),
      ...prepared.notes,
    ],
    log: ran.log,
  });
};

/** The files of a result belong to whoever gets it, so what was put back becomes a file among them. */
const ownFiles = async (
  kept: readonly Part[],
  moved: readonly Part[],
  { results, options }: TaskRun,
): Promise<Part[]> =>
  Promise.all(
    kept.map(async (part, i) => {
      if (part.file === moved[i]?.file) {
        return part;
      }
      const file = join(results, options.random.id('p'));
      await copyFile(part.file, file);
      return { ...part, file };
    }),
  );
