import { failed, type Outcome } from '../engine.ts';
import { filesBelow, layOut, moveParts } from './case-files.ts';
import { givenSteps } from './mesh.ts';
import { prepare } from './prepare.ts';
import { runProgram } from './run-step.ts';
import { doneWith, type TaskRun } from './task-run.ts';

const OF_RANKS = /^processors?\d/;
const OWN = '.muster-done';

/** Gathers what there is at the end of a case, however it ended: its times, put together if ranks wrote them, and its logs. */
export const runCollect = async (task: TaskRun): Promise<Outcome> => {
  const { job, folder, options, running, index } = task;
  const from = [`solve/${index}`, `mesh/${index}`].find((key) => running.hasInput(key));
  if (from === undefined) {
    return failed('CASE_INVALID', 'no step of the case made anything to collect');
  }
  const input = await layOut(options.sandbox, folder, (to) => running.inputParts(from, to));
  if (input.kind !== 'fetched') {
    return input;
  }
  const prepared = await prepare(job, folder, options);
  if (prepared.kind !== 'prepared') {
    return prepared;
  }
  const { files } = prepared.here;
  const isDivided = [...files].some((path) => OF_RANKS.test(path));
  const regions = files.has('constant/regionProperties') ? ['-allRegions'] : [];
  const steps = [
    ...(isDivided
      ? [{ log: 'log.reconstructPar', argv: ['reconstructPar', ...regions, '-newTimes'] as const }]
      : []),
    ...givenSteps('collect', job.steps.collect ?? [], job.ranks),
  ];
  let log = '';
  for (const step of steps) {
    running.progress({ fraction: undefined, text: step.argv.join(' ').slice(0, 200) });
    const ran = await runProgram(task.runOptions(prepared.bench), step);
    if (ran.kind !== 'ran') {
      return ran;
    }
    ({ log } = ran);
  }
  const paths = (await filesBelow(folder, job.maxFiles)).filter(
    (path) => path !== OWN && !OF_RANKS.test(path),
  );
  const parts = await moveParts(folder, paths, task.results, options.random);
  return doneWith(task, prepared.foam, { parts, notes: prepared.notes, log });
};
