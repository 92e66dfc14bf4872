import { addAbortListener } from 'node:events';
import { copyFile, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { every, type Repetition } from '#libs/async/index.ts';
import { deriveSteps, type DivergenceSign, timesIn } from '#libs/openfoam/index.ts';
import { sha256File } from '../../files.ts';
import {
  type Cancelled,
  type Failed,
  failed,
  type Outcome,
  type ResumePoint,
  type Yielded,
  yielded,
} from '../engine.ts';
import { layOut, moveParts, type Part, readBelow } from './case-files.ts';
import { createCheckpoints } from './checkpoints.ts';
import { type Control, readControl, wayToOwnTime } from './control.ts';
import { givenSteps, withoutSolver } from './mesh.ts';
import { prepare, type Prepared } from './prepare.ts';
import { progressOf } from './progress.ts';
import { startScript } from './program.ts';
import { type AtWork, type Listener, type RanWell, runProgram, type ToRun } from './run-step.ts';
import { doneWith, type TaskRun } from './task-run.ts';

const CONTROL = 'system/controlDict';
const MAX_CONTROL_BYTES = 1024 ** 2;

/** A solver that has just begun does not listen yet. */
const ASK_EVERY_MS = 1_000;

/** A program of a solve, and what is in its controlDict besides if it goes on. */
interface SolveStep extends ToRun {
  entries?: string;
}

/** The solver, led to its next own time before it goes on as its owner wants. */
const solverSteps = (
  solver: ToRun,
  control: Control,
  resumed: ResumePoint | undefined,
): SolveStep[] => {
  const way = resumed && wayToOwnTime(control, resumed.position);
  return way === undefined
    ? [{ ...solver, entries: '' }]
    : [
        { ...solver, entries: way, done: `way from ${resumed?.name}` },
        { ...solver, entries: '' },
      ];
};

/** What a solve runs, in order; a solver on several ranks after the case was divided. */
const toSolve = (
  { here }: Prepared,
  { job }: TaskRun,
  start: { control: Control; resumed: ResumePoint | undefined },
): SolveStep[] | Failed => {
  const given = job.steps.solve;
  if (given !== undefined) {
    return givenSteps('solve', given, job.ranks).map((step) => ({ ...step, entries: '' }));
  }
  const { solve } = deriveSteps(here.head, here.files, { solver: job.solver });
  if (solve.length === 0) {
    return failed('CASE_INVALID', 'nothing in system/controlDict tells the solver; name it');
  }
  const regions = here.files.has('constant/regionProperties') ? ['-allRegions'] : [];
  const solver = solve.flatMap((action): SolveStep[] => {
    if (action.kind !== 'solver') {
      return [];
    }
    const { program } = action;
    const log = `log.${program}`;
    const ranks = String(job.ranks);
    return job.ranks === 1
      ? solverSteps({ log, argv: [program] }, start.control, start.resumed)
      : [
          { log: 'log.decomposePar', argv: ['decomposePar', ...regions] },
          ...solverSteps(
            { log, argv: ['mpirun', '-np', ranks, program, '-parallel'] },
            start.control,
            start.resumed,
          ),
        ];
  });
  return [...withoutSolver(solve).map((step) => ({ ...step, entries: '' })), ...solver];
};

/** Puts the customer's controlDict back among parts, in place of the one that lets the solver go on. */
const restoring = async ({ copies, folder }: TaskRun, { paths, resumed }: Start) => {
  if (resumed === undefined || !paths.includes(CONTROL)) {
    return (same: readonly Part[]) => [...same];
  }
  await mkdir(copies, { recursive: true });
  const file = join(copies, 'controlDict');
  await copyFile(join(folder, CONTROL), file);
  const { size: sizeBytes } = await stat(file);
  const kept: Part = { path: CONTROL, file, sha256: await sha256File(file), sizeBytes };
  return (taken: readonly Part[]) => taken.map((part) => (part.path === CONTROL ? kept : part));
};

/** Where a solve begins. */
interface Start {
  /** The files of the case. */
  paths: readonly string[];
  resumed: ResumePoint | undefined;
}

/** Lays the case out: from a checkpoint of this task, or from its mesh. */
const startOf = async ({
  running,
  index,
  folder,
  options,
}: TaskRun): Promise<Start | Failed | Cancelled> => {
  const { resume: resumed } = running;
  const fetched = await layOut(options.sandbox, folder, (to) =>
    resumed === undefined ? running.inputParts(`mesh/${index}`, to) : resumed.files(to),
  );
  return fetched.kind === 'fetched' ? { paths: fetched.paths, resumed } : fetched;
};

/** The time from which a solver begins; later ones are new. */
const beginningOf = (control: Control, resumed: ResumePoint | undefined): number =>
  resumed?.position ?? control.startTime ?? -Infinity;

/** Runs all programs of a solve, unless it gives way to others. */
const solved = async (
  task: TaskRun,
  { bench }: Prepared,
  run: {
    steps: readonly SolveStep[];
    listener: Listener;
    start: Start;
    /** Makes the last checkpoint. */
    giveWay: () => Promise<void>;
  },
): Promise<RanWell | Failed | Cancelled | Yielded> => {
  const { start } = run;
  let last: RanWell | undefined;
  let solver: RanWell | undefined;
  for (const { entries, ...step } of run.steps) {
    if (start.resumed !== undefined && entries !== undefined) {
      const going = startScript(bench, task.folder, ['go-on.sh', entries]);
      if ((await going.exited).code !== 0) {
        return failed('AGENT_ERROR', `the case cannot go on: ${going.log()}`);
      }
    }
    const ran = await runProgram(task.runOptions(bench), step, run.listener);
    if (ran.kind !== 'ran') {
      return ran;
    }
    last = ran;
    solver = ran.last === undefined ? solver : ran;
    // One that was at its end already goes on from there, and has nothing to compute.
    if (task.running.yielding.aborted) {
      await run.giveWay();
      return yielded(task.running.yielding);
    }
  }
  // A solver that goes on from its end has nothing to compute.
  solver ??= start.resumed === undefined || last?.findings.isEnded !== true ? undefined : last;
  return (
    solver ??
    failed('CASE_INVALID', 'no program of the step computed a time', { log: last?.log ?? '' })
  );
};

/** Asks a solver to write and to end, until it does: it may not have begun to listen. */
const askToStop = (work: AtWork, { running, options }: TaskRun): (() => Promise<void>) => {
  const { yielding } = running;
  let asking: Repetition | undefined;
  const begin = (): void => {
    asking = every({ clock: options.clock, everyMs: ASK_EVERY_MS }, () =>
      work.process.write('stop\n'),
    );
  };
  const listener = yielding.aborted ? undefined : addAbortListener(yielding, begin);
  if (yielding.aborted) {
    begin();
  }
  return async () => {
    listener?.[Symbol.dispose]();
    await asking?.stop();
  };
};

/** Runs the solver of a case, from its mesh or from a checkpoint. The result is its folder after that, processors and all. */
export const runSolve = async (task: TaskRun): Promise<Outcome> => {
  const { job, folder, copies, options, running } = task;
  const { clock, random } = options;
  const start = await startOf(task);
  if ('kind' in start) {
    return start;
  }
  const control = readControl((await readBelow(folder, CONTROL, MAX_CONTROL_BYTES)) ?? '');
  const restored = await restoring(task, start);
  const prepared = await prepare(job, folder, options);
  if (prepared.kind !== 'prepared') {
    return prepared;
  }
  const begin = { ...start, control };
  const steps = toSolve(prepared, task, begin);
  if ('kind' in steps) {
    return steps;
  }
  const from = beginningOf(control, start.resumed);
  const { checkpointEveryMs: everyMs, maxFiles } = job;
  const own = { folder, copies, clock, random, running, everyMs, maxFiles };
  const checkpoints = createCheckpoints({
    ...own,
    control,
    restored,
    from,
    resumed: start.resumed?.name,
  });
  let work: AtWork | undefined;
  const newest = async (sign?: DivergenceSign): Promise<string | undefined> =>
    work && checkpoints.last(work, sign);
  const listener: Listener = {
    onRow: (row) => {
      const span = { from: Number.isFinite(from) ? from : 0, endTime: control.endTime };
      running.progress(progressOf(row, span, task.seconds()));
    },
    onStart: (started) => {
      work = started;
      const ends = [checkpoints.follow(started), askToStop(started, task)];
      return async () => void (await Promise.all(ends.map((end) => end())));
    },
    lastGood: newest,
  };
  const giveWay = async (): Promise<void> => void (await newest());
  const ran = await solved(task, prepared, { steps, listener, start: begin, giveWay });
  if (ran.kind !== 'ran') {
    return ran;
  }
  const times = timesIn(await checkpoints.timesHere()).filter((time) => Number(time) > from);
  if (times.length === 0 && start.resumed === undefined) {
    const reason = `the solver ended at time ${ran.last}, and wrote no time; see writeInterval`;
    return failed('CASE_INVALID', reason, { log: ran.log, seconds: task.seconds() });
  }
  const { convergedIn } = ran.findings;
  const moved = await moveParts(folder, await checkpoints.results(), task.results, random);
  const parts = await ownFiles(restored(moved), moved, task);
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
