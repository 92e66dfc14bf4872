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
  type ResumePoint,
  type Running,
} from '../engines/engine.ts';
import type { BorrowedInput, FetchInput } from './inputs.ts';
import { askBack, type Assignment, type Board, yieldingOf } from './board.ts';
import type { KeepCheckpoints } from './checkpoints.ts';
import type { FetchParts } from './part-fetching.ts';

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
  keepCheckpoints: KeepCheckpoints;
  fetchParts: FetchParts;
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

/** The outcome with what the engine need not know: how long it took to be given back, and whose work it went on with. */
const withHistory = (outcome: Outcome, point: ResumePoint | undefined, tookMs: number): Outcome => {
  if (outcome.kind === 'yielded') {
    return { ...outcome, seconds: tookMs / 1_000 };
  }
  return outcome.kind === 'completed' && point !== undefined && outcome.hasBegunAnew !== true
    ? { ...outcome, resumedAttempt: point.madeBy }
    : outcome;
};

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Starts a slot, which works on one task at a time. It takes an assignment from the board whenever it has none, and keeps
 * its engine between them.
 */
export const startSlot = ({
  board,
  open,
  fetchInput,
  keepCheckpoints,
  fetchParts,
  onRunning,
  onDone,
  onIdle,
  clock,
}: SlotOptions) => {
  const ending = new AbortController();
  let current: Assignment | undefined;
  let ready: Ready | undefined;
  let isRunning = false;
  let canYield = false;
  let rested = Promise.withResolvers<void>();
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
    const over = new AbortController();
    assignment.startedMs = clock.monotonic();
    isRunning = true;
    rested = Promise.withResolvers();
    canYield = opened.makesCheckpoints?.({ key: assignment.attempt.task }) === true;
    onRunning(assignment);
    try {
      const progress = (made: Progress): void => {
        assignment.progress = made;
      };
      const { signal } = stopping;
      const input: Running['input'] = async (task) => {
        const fetched = await fetchInput(task, board.input(task), signal);
        if (fetched.kind === 'file') {
          borrowed.push(fetched);
        }
        return fetched;
      };
      const inputParts: Running['inputParts'] = (of, folder) => {
        const name = `the result of ${of}`;
        return fetchParts({ task: of, name, manifest: board.input(of) }, folder, signal);
      };
      const hasInput = (task: string): boolean => board.input(task) !== undefined;
      let keep: ReturnType<KeepCheckpoints> | undefined;
      const checkpoint: Running['checkpoint'] = (made) => {
        keep ??= keepCheckpoints(assignment, AbortSignal.any([signal, over.signal]));
        return keep(made);
      };
      const { task, attempt } = assignment.attempt;
      const said = board.resume(attempt);
      const resume = said && {
        name: said.name,
        position: said.position,
        madeBy: said.madeBy,
        files: (folder: string) => {
          const name = `the checkpoint ${said.name}`;
          return fetchParts({ task, name, manifest: said.checkpoint }, folder, signal);
        },
      };
      const outcome = await opened.run(
        { key: task },
        {
          signal,
          progress,
          checkpoint,
          yielding: yieldingOf(assignment).signal,
          ...(resume && { resume }),
          input,
          inputParts,
          hasInput,
        },
      );
      return withHistory(outcome, resume, clock.monotonic() - assignment.startedMs);
    } catch (thrown) {
      return failed('AGENT_ERROR', thrown instanceof Error ? thrown.message : String(thrown));
    } finally {
      isRunning = false;
      canYield = false;
      over.abort();
      rested.resolve();
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
    /** Asks for its task back, if that makes checkpoints. */
    yield(reason: string): void {
      if (canYield && current !== undefined) {
        askBack(current, reason);
      }
    },
    /** Whether it works on a task that makes checkpoints. */
    canYield: () => canYield,
    /** Resolves when its engine has ended the present task. */
    rested: () => (isRunning ? rested.promise : Promise.resolve()),
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
