import type { Clock, Timer } from '#libs/clock/index.ts';
import type { DesiredState, Held } from '#libs/contracts/agent.ts';
import type { Cancelled, Outcome } from '../engines/engine.ts';
import { type Assignment, createBoard } from './board.ts';
import { type OpenWork, startSlot } from './slot.ts';

/** Makes a machine do what the mesh wants. */
export interface SlotGroup {
  /** Applies a desired state. False if it is older than the previous one. */
  apply(state: DesiredState): boolean;
  /** The mesh has decided about an assignment. */
  decided(key: string): void;
  /** The waiting, running and finished attempts of each workload. */
  held(): Held[];
  /** Announces what runs again, because a new stream has begun. */
  announceAgain(): void;
  /** Adds an attempt that an earlier run finished, because the mesh may not know about it. */
  restore(finished: Pick<Assignment, 'key' | 'workloadId' | 'attempt'>): void;
  /** Begins nothing new, and drops what has not begun. */
  drain(): void;
  /** Takes work again. */
  resume(): void;
  /** How many assignments run. */
  running(): number;
  /** Stops everything. */
  end(): Promise<void>;
}

export interface SlotGroupOptions {
  slots: number;
  open: OpenWork;
  /** An assignment has run for longer than a moment. */
  onStarted: (assignment: Assignment) => void;
  /** See SlotOptions. */
  onDone: (
    assignment: Assignment,
    outcome: Exclude<Outcome, Cancelled>,
  ) => Promise<void> | undefined;
  /** A slot has become idle. */
  onIdle: () => void;
  clock: Clock;
}

/** Most tasks of a bench end before an announcement is worth its message. */
const ANNOUNCE_AFTER_MS = 200;

/** Starts the slots of one machine. */
export const startSlotGroup = ({
  slots: count,
  open,
  onStarted,
  onDone,
  onIdle,
  clock,
}: SlotGroupOptions): SlotGroup => {
  const board = createBoard();
  let timer: Timer | undefined;

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
      } else {
        watch();
      }
    }
  };
  const watch = (): void => {
    timer ??= clock.setTimer(ANNOUNCE_AFTER_MS, announce);
  };

  const slots = Array.from({ length: count }, () =>
    startSlot({
      board,
      open,
      onRunning: watch,
      onDone: (assignment, outcome) => {
        board.finish(assignment);
        return onDone(assignment, outcome);
      },
      onIdle,
      clock,
    }),
  );

  return {
    apply(state) {
      const stopped = board.apply(state);
      if (stopped === undefined) {
        return false;
      }
      for (const assignment of stopped) {
        for (const slot of slots) {
          slot.stop(assignment);
        }
      }
      for (const slot of slots) {
        slot.wake();
      }
      return true;
    },
    decided: (key) => board.decided(key),
    held: () => board.held(),
    announceAgain() {
      for (const slot of slots) {
        const assignment = slot.running();
        if (assignment !== undefined) {
          assignment.isAnnounced = false;
          watch();
        }
      }
    },
    drain() {
      board.closeForNew();
      for (const slot of slots) {
        slot.drain();
      }
    },
    restore: (finished) =>
      board.finish({ ...finished, phase: 'finished', startedMs: 0, isAnnounced: true }),
    resume: () => board.openForNew(),
    running: () => slots.filter((slot) => !slot.isIdle()).length,
    async end() {
      board.closeForNew();
      timer?.cancel();
      await Promise.all(slots.map((slot) => slot.end()));
      timer?.cancel();
    },
  };
};
