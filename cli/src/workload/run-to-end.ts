import { WorkloadState, type Workload } from '#libs/contracts/session.ts';
import { exitCodes } from '../exit-codes.ts';
import { Interrupted } from '../failures.ts';
import type { Invocation } from '../invocation.ts';
import type { Mesh } from '../mesh.ts';
import { patienceOf, type PatienceOptions } from '../patience.ts';
import { workloadsOf } from './client.ts';
import { follow, PATIENCE_MS } from './follow.ts';
import { viewOf } from './kinds.ts';
import { createProgressDisplay, type ProgressDisplay } from './progress-display.ts';
import { progressOf } from './progress.ts';

/** What a command does beside watching. */
interface Companion {
  /** Results may have been accepted since the last call. Its failure ends the command. */
  catchUp(): Promise<void>;
  finish(ended: Workload): Promise<void>;
}

/** If nobody works on it for so long, people are told why. */
const EXPLAIN_AFTER_MS = 5_000;

/** Shows a workload's progress up to its end and answers that. On Ctrl-C it throws {@link Interrupted}, saying how to go on. */
export const runToEnd = async (
  invocation: Invocation,
  workload: Workload,
  makeCompanion?: (patience: PatienceOptions) => Companion,
): Promise<Workload> => {
  const { cli, output } = invocation;
  const mesh = await invocation.mesh();
  const { workloadId } = workload;
  const display = createProgressDisplay(output, cli.clock, viewOf(workload).noun);
  const patience = patienceOf(invocation, PATIENCE_MS, (text) => display.note(text));
  const companion = makeCompanion?.(patience);

  const explaining = cli.clock.setTimer(EXPLAIN_AFTER_MS, () => {
    void explain(mesh, workloadId, display).catch(() => {});
  });
  const brokeOff = Promise.withResolvers<never>();
  let isCatchingUp = false;
  let caughtUpTo = 0;
  let last = workload;
  const nudge = (): void => {
    // One at a time is enough, because each takes everything that there is.
    if (companion === undefined || isCatchingUp || last.completed === caughtUpTo) {
      return;
    }
    caughtUpTo = last.completed;
    isCatchingUp = true;
    companion
      .catchUp()
      .finally(() => (isCatchingUp = false))
      .catch(brokeOff.reject);
  };
  const watch = async (): Promise<void> => {
    for await (const seen of follow(mesh, workloadId, patience)) {
      last = seen.workload;
      display.show(progressOf(seen));
      if (seen.activeUsers > 0 || last.completed > 0) {
        explaining.cancel();
      }
      nudge();
    }
  };
  try {
    await Promise.race([watch(), brokeOff.promise]);
    await companion?.finish(last);
  } catch (error) {
    if (!cli.interrupt.aborted) {
      throw error;
    }
    throw new Interrupted(goesOn(workloadId));
  } finally {
    explaining.cancel();
    display.finish();
  }
  return last;
};

export const exitCodeOfEnd = (workload: Workload): number =>
  workload.state === WorkloadState.COMPLETED ? exitCodes.done : exitCodes.failed;

const goesOn = (workloadId: string): string =>
  `interrupted; workload ${workloadId} goes on. Watch it: muster watch ${workloadId}. Stop it: muster stop ${workloadId}. Fetch its results: muster results ${workloadId} --out DIR`;

const explain = async (mesh: Mesh, workloadId: string, display: ProgressDisplay): Promise<void> => {
  const { reasons } = await workloadsOf(mesh).explainWorkload({ workloadId, customerId: '' });
  for (const { code, message } of reasons) {
    if (code !== 'NOT_WAITING' && code !== 'ENDED') {
      display.note(`waiting: ${message}`);
    }
  }
};
