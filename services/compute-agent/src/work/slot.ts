import { isDeepStrictEqual } from 'node:util';
import { createBell } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import type { FailureClassName, Work } from '#libs/contracts/agent.ts';
import {
  CANCELLED,
  type Cancelled,
  failed,
  type Failed,
  type Opened,
  type Outcome,
  type Progress,
  type Running,
} from '../engines/engine.ts';
import type { BorrowedInput, FetchInput } from './inputs.ts';
import type { Assignment, Board } from './board.ts';

/** Opens an engine for a workload. Never rejects. */
export type OpenWork = (
  workloadId: string,
  work: Work | undefined,
  signal: AbortSignal,
) => Promise<Opened | Failed | Cancelled>;

export interface SlotOptions {
  board: Board;
  open: OpenWork;
  fetchInput: FetchInput;
  /** The engine begins with an assignment. */
  onRunning: (assignment: Assignment) => void;
  /** Takes over the outcome of an assignment. The slot goes on when the returned promise has resolved. */
  onDone: (
    assignment: Assignment,
    outcome: Exclude<Outcome, Cancelled>,
  ) => Promise<void> | undefined;
  /** The slot has nothing to do. */
  onIdle: () => void;
  clock: Clock;
}

/** An idle engine takes memory from the machine's owner, but more tasks often come within a moment. */
const KEEP_OPEN_MS = 10_000;
/** After this many quick tasks in a row the network gets its turn. */
const TASKS_PER_TURN = 256;

/** Failures that another attempt on this machine cannot change. */
const FINAL: ReadonlySet<FailureClassName> = new Set([
  'SCENE_UNREADABLE',
  'MISSING_ASSETS',
  'ENGINE_UNAVAILABLE',
]);

/** The open engine of a slot, or why there is none. */
interface Ready {
  workloadId: string;
  /** The work that it was opened for. */
  work: Work | undefined;
  with: Opened | Failed;
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Starts a slot, which works on one task at a time. It takes an assignment from the board whenever it has none, and keeps
 * its engine between them.
 */
export const startSlot = ({
  board,
  open,
  fetchInput,
  onRunning,
  onDone,
  onIdle,
  clock,
}: SlotOptions) => {
  const ending = new AbortController();
  let current: Assignment | undefined;
  let ready: Ready | undefined;
  let isRunning = false;
  let stopping = new AbortController();
  let opening: AbortController | undefined;
  const bell = createBell();

  const close = async (): Promise<void> => {
    const old = ready?.with;
    ready = undefined;
    if (old?.kind === 'opened') {
      await old.close();
    }
  };

  /** Waits until there may be something to do. */
  const rest = async (): Promise<void> => {
    if (ready !== undefined && board.workloadId() !== ready.workloadId) {
      await close();
    }
    if (ending.signal.aborted || board.hasWaiting()) {
      return;
    }
    onIdle();
    const timer = ready && clock.setTimer(KEEP_OPEN_MS, () => void close().then(() => bell.ring()));
    await bell.rung();
    timer?.cancel();
  };

  /** The open engine for a workload; undefined also if the mesh has changed its description of the work. */
  const readyFor = (workloadId: string): Opened | Failed | undefined => {
    if (ready?.workloadId !== workloadId) {
      return undefined;
    }
    const work = board.workloadId() === workloadId ? board.work() : ready.work;
    if (work !== ready.work && !isDeepStrictEqual(work, ready.work)) {
      return undefined;
    }
    ready.work = work;
    return ready.with;
  };

  const openFor = async (workloadId: string): Promise<Opened | Failed | Cancelled> => {
    await close();
    if (current === undefined) {
      return CANCELLED;
    }
    opening = new AbortController();
    const work = board.work();
    const opened = await open(workloadId, work, opening.signal);
    opening = undefined;
    if (opened.kind === 'opened' || (opened.kind === 'failed' && FINAL.has(opened.failureClass))) {
      ready = { workloadId, work, with: opened };
    }
    return opened;
  };

  const run = async (opened: Opened, assignment: Assignment): Promise<Outcome> => {
    if (stopping.signal.aborted) {
      stopping = new AbortController();
    }
    const borrowed: BorrowedInput[] = [];
    assignment.startedMs = clock.monotonic();
    isRunning = true;
    onRunning(assignment);
    try {
      const progress = (made: Progress): void => {
        assignment.progress = made;
      };
      // Nothing keeps checkpoints yet, so a stopped task begins anew.
      const checkpoint = async (): Promise<void> => undefined;
      const resume = async (): Promise<undefined> => undefined;
      const inputParts: Running['inputParts'] = async (task) =>
        failed('AGENT_ERROR', `this agent cannot fetch the files of ${task}`);
      const { signal } = stopping;
      const input: Running['input'] = async (task) => {
        const fetched = await fetchInput(task, board.input(task), signal);
        if (fetched.kind === 'file') {
          borrowed.push(fetched);
        }
        return fetched;
      };
      const hasInput = (task: string): boolean => board.input(task) !== undefined;
      const running = { signal, progress, checkpoint, resume, input, inputParts, hasInput };
      return await opened.run({ key: assignment.attempt.task }, running);
    } catch (thrown) {
      return failed('AGENT_ERROR', thrown instanceof Error ? thrown.message : String(thrown));
    } finally {
      isRunning = false;
      borrowed.forEach(({ release }) => release());
    }
  };

  const loop = async (): Promise<void> => {
    let tasks = 0;
    while (!ending.signal.aborted) {
      current ??= board.claim();
      if (current === undefined) {
        tasks = 0;
        await rest();
        continue;
      }
      const { workloadId } = current;
      const engine = readyFor(workloadId) ?? (await openFor(workloadId));
      // While the engine opened, `stop` or `drain` may have changed `current`.
      const assignment = current;
      if (assignment === undefined) {
        continue;
      }
      const outcome = engine.kind === 'opened' ? await run(engine, assignment) : engine;
      current = undefined;
      if (outcome.kind !== 'cancelled') {
        const taken = onDone(assignment, outcome);
        if (taken !== undefined) {
          await taken;
        }
      }
      tasks += 1;
      if (tasks % TASKS_PER_TURN === 0) {
        await nextTurn();
      }
    }
    current = undefined;
    await close();
    onIdle();
  };
  const ended = loop();

  return {
    /** Looks at the board again. */
    wake: () => bell.ring(),
    /** Stops this assignment if the slot has it. */
    stop(assignment: Assignment): void {
      if (assignment !== current) {
        return;
      }
      if (isRunning) {
        stopping.abort();
        return;
      }
      // The engine is still opening. Another waiting task of the workload can use it.
      current = board.claim(assignment.workloadId);
      if (current === undefined) {
        opening?.abort();
      }
    },
    /** Gives up an assignment that has not begun. */
    drain(): void {
      if (current !== undefined && !isRunning) {
        current = undefined;
        opening?.abort();
      }
    },
    /** The assignment on which the engine works. */
    running: () => (isRunning ? current : undefined),
    /** Whether it has no assignment. */
    isIdle: () => current === undefined,
    /** Stops its task and closes its engine. */
    async end(): Promise<void> {
      ending.abort();
      stopping.abort();
      opening?.abort();
      bell.ring();
      await ended;
    },
  };
};
