import type { Timer } from '#libs/clock/index.ts';
import type { DesiredState, Work } from '#libs/contracts/agent.ts';
import { type Assignment, createBoard } from './board.ts';
import { type SlotOptions, startSlot } from './slot.ts';

export interface SlotGroupOptions extends Omit<SlotOptions, 'board' | 'onRunning'> {
  slots: number;
  /** An assignment has run for longer than a moment. */
  onStarted: (assignment: Assignment) => void;
  /** These assignments have run for a while and got further. */
  onProgress: (assignments: readonly Assignment[]) => void;
}

/** A running assignment. */
export interface Doing {
  assignment: Assignment;
  work: Work | undefined;
}

/** Most tasks of a bench end before an announcement is worth its message. */
const ANNOUNCE_AFTER_MS = 200;
const PROGRESS_EVERY_MS = 2_000;

/** Starts the slots of one machine, which do what the mesh wants. */
export const startSlotGroup = ({
  slots: count,
  onStarted,
  onProgress,
  onDone,
  ...options
}: SlotGroupOptions) => {
  const { clock } = options;
  const board = createBoard();
  let timer: Timer | undefined;
  let progressTimer: Timer | undefined;

  const announce = (): void => {
    timer = undefined;
    const now = clock.monotonic();
    for (const slot of slots) {
      const assignment = slot.running();
      if (assignment === undefined || assignment.isAnnounced) {
        continue;
      }
      if (now - assignment.startedMs >= ANNOUNCE_AFTER_MS) {
        assignment.isAnnounced = true;
        onStarted(assignment);
        progressTimer ??= clock.setTimer(PROGRESS_EVERY_MS, tellProgress);
      } else {
        watch();
      }
    }
  };
  const watch = (): void => {
    timer ??= clock.setTimer(ANNOUNCE_AFTER_MS, announce);
  };

  /** Goes on only while something runs that was announced, so quick tasks cost nothing. */
  const tellProgress = (): void => {
    progressTimer = undefined;
    const announced = slots.flatMap((slot) => {
      const assignment = slot.running();
      return assignment?.isAnnounced === true ? [assignment] : [];
    });
    const further = announced.filter(({ progress, told }) => progress !== told);
    for (const assignment of further) {
      assignment.told = assignment.progress;
    }
    if (further.length > 0) {
      onProgress(further);
    }
    if (announced.length > 0) {
      progressTimer = clock.setTimer(PROGRESS_EVERY_MS, tellProgress);
    }
  };

  const slots = Array.from({ length: count }, () =>
    startSlot({
      ...options,
      board,
      onRunning: watch,
      onDone: (assignment, outcome) => {
        board.finish(assignment);
        return onDone(assignment, outcome);
      },
    }),
  );

  return {
    /** Applies a desired state. False if it is older than the previous one. */
    apply(state: DesiredState): boolean {
      const stopped = board.apply(state);
      if (stopped === undefined) {
        return false;
      }
      for (const slot of slots) {
        stopped.forEach((assignment) => slot.stop(assignment));
        slot.wake();
      }
      return true;
    },
    /** The mesh has decided about an assignment. */
    decided: (key: string) => board.decided(key),
    /** The waiting, running and finished attempts of each workload. */
    held: () => board.held(),
    /** Announces what runs again, because a new stream has begun. */
    announceAgain(): void {
      for (const slot of slots) {
        const assignment = slot.running();
        if (assignment !== undefined) {
          assignment.isAnnounced = false;
          delete assignment.told;
          watch();
        }
      }
    },
    /** Adds an attempt that an earlier run finished, because the mesh may not know about it. */
    restore: (finished: Pick<Assignment, 'key' | 'workloadId' | 'attempt'>): void =>
      board.finish({ ...finished, phase: 'finished', startedMs: 0, isAnnounced: true }),
    /** Begins nothing new, and drops what has not begun. */
    drain(): void {
      board.closeForNew();
      for (const slot of slots) {
        slot.drain();
      }
    },
    /** Asks all running tasks that make checkpoints back. */
    yield: (reason: string): void => slots.forEach((slot) => slot.yield(reason)),
    /** Whether tasks run that make checkpoints. */
    canYield: () => slots.some((slot) => slot.canYield()),
    /** Stops what makes no checkpoints. Resolves when what does is given back, or done. */
    async yielded(): Promise<void> {
      const yielding = slots.filter((slot) => slot.canYield());
      await Promise.all(slots.filter((slot) => !yielding.includes(slot)).map((slot) => slot.end()));
      await Promise.all(yielding.map((slot) => slot.rested()));
    },
    /** Takes work again. */
    resume: () => board.openForNew(),
    /** What runs, with the description of its work as far as that is known still. */
    doing: (): Doing[] =>
      slots.flatMap((slot) => {
        const assignment = slot.running();
        const isOfWork = assignment?.workloadId === board.workloadId();
        return assignment === undefined
          ? []
          : [{ assignment, work: isOfWork ? board.work() : undefined }];
      }),
    /** How many assignments run. */
    running: () => slots.filter((slot) => !slot.isIdle()).length,
    /** Stops everything. */
    async end(): Promise<void> {
      board.closeForNew();
      // What is being stopped is not announced any more.
      const quiet = (): void => [timer, progressTimer].forEach((each) => each?.cancel());
      quiet();
      await Promise.all(slots.map((slot) => slot.end()));
      quiet();
    },
  };
};
