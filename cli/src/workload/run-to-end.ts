import { WorkloadState, type Workload } from '#libs/contracts/session.ts';
import { exitCodes } from '../exit-codes.ts';
import { Interrupted } from '../failures.ts';
import type { Invocation } from '../invocation.ts';
import { patienceOf, type PatienceOptions } from '../patience.ts';
import { workloadsOf } from './client.ts';
import { follow, PATIENCE_MS } from './follow.ts';
import { viewOf } from './kinds.ts';
import { createProgressDisplay } from './progress-display.ts';
import type { IsTold } from './notes.ts';
import { progressOf, type Progress } from './progress.ts';
import { watchWaiting, type WaitReason } from './waiting.ts';

/** What a command does beside watching. */
interface Companion {
  /** Results may have been accepted since the last call. Its failure ends the command. */
  catchUp(): Promise<void>;
  finish(ended: Workload): Promise<void>;
}

/** Shows a workload's progress up to its end and answers that. On Ctrl-C it throws {@link Interrupted}, saying how to go on. */
export const runToEnd = async (
  invocation: Invocation,
  workload: Workload,
  {
    makeCompanion,
    waitAtMost,
    isTold = () => false,
  }: {
    /** `note` says something without disturbing the progress. */
    makeCompanion?: (patience: PatienceOptions, note: (text: string) => void) => Companion;
    /** The longest wait without work, in seconds. */
    waitAtMost: number | undefined;
    /** Whether people know a note already. */
    isTold?: IsTold;
  },
): Promise<Workload> => {
  const { cli, output } = invocation;
  const mesh = await invocation.mesh();
  const { workloadId } = workload;
  const display = createProgressDisplay(output, cli.clock, viewOf(workload).noun);
  const note = (text: string): void => display.note(text);
  const patience = patienceOf(invocation, PATIENCE_MS, note);
  const companion = makeCompanion?.(patience, note);

  const brokeOff = Promise.withResolvers<never>();
  let isCatchingUp = false;
  let caughtUpTo = 0;
  let last = workload;
  let progress: Progress | undefined;
  let activeUsers = 0;
  let reason: WaitReason | undefined;
  await using waiting = watchWaiting({
    clock: cli.clock,
    workloadId,
    explain: async () =>
      (await workloadsOf(mesh).explainWorkload({ workloadId, customerId: '' })).reasons,
    // After its end, only results are still fetched.
    isActive: () => activeUsers > 0 || last.endTime !== undefined,
    tell: ({ code, message }) => {
      reason = { code, message };
      display.note(`waiting: ${message}`);
      const event = code === 'AWAITING_APPROVAL' ? 'awaiting-approval' : 'waiting';
      output.json({ event, workload: workloadId, code, message });
      if (progress !== undefined) {
        display.show({ ...progress, waiting: reason });
      }
    },
    atMostMs: waitAtMost === undefined ? undefined : waitAtMost * 1_000,
    onTooLong: brokeOff.reject,
  });
  if (workload.queued) {
    // Its reason is known from the start.
    waiting.hurry();
  }
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
  const toldNotes = new Set<string>();
  /** What changes the picture is said when it is first known, not only at the end. */
  const tellNotes = (): void => {
    for (const { text } of last.notes) {
      if (!toldNotes.has(text) && !isTold(text)) {
        toldNotes.add(text);
        display.note(`note: ${text}`);
      }
    }
  };
  const watch = async (): Promise<void> => {
    for await (const seen of follow(mesh, workloadId, patience)) {
      last = seen.workload;
      ({ activeUsers } = seen);
      reason = activeUsers > 0 ? undefined : reason;
      progress = progressOf(seen);
      display.show({ ...progress, waiting: reason });
      tellNotes();
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
    display.finish();
  }
  return last;
};

export const exitCodeOfEnd = (workload: Workload): number =>
  workload.state === WorkloadState.COMPLETED ? exitCodes.done : exitCodes.failed;

const goesOn = (workloadId: string): string =>
  `interrupted; workload ${workloadId} goes on. Watch it: muster watch ${workloadId}. Stop it: muster stop ${workloadId}. Fetch its results: muster results ${workloadId} --out DIR`;
