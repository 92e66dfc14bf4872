import { addAbortListener } from 'node:events';
import {
  createDivergenceWatch,
  createLogReader,
  type DivergenceSign,
  type LogFindings,
  type LogRow,
} from '#libs/openfoam/index.ts';
import type { ConfinedProcess } from '#libs/sandbox/index.ts';
import { type Cancelled, CANCELLED, failed, type Failed } from '../engine.ts';
import { failureOf } from './failures.ts';
import { type Bench, startScript } from './program.ts';

/** A program of a step. */
export interface ToRun {
  /** Its log in the folder of the case; `-` for a script, whose programs have logs of their own. */
  log: string;
  argv: readonly [program: string, ...args: string[]];
  /** Its name among what is done, and not done again; that of the log by default, as scripts of cases have it. */
  done?: string;
}

/** A program at work. */
export interface AtWork {
  process: ConfinedProcess;
  findings: () => LogFindings;
  sign: () => DivergenceSign | undefined;
}

export interface RunOptions {
  bench: Bench;
  folder: string;
  signal: AbortSignal;
  /** Of the agent's monotonic clock: then the step ends. */
  deadlineMs: number;
  timeoutText: string;
}

/** What a caller wants to hear of a program. */
export interface Listener {
  onRow?: (row: LogRow) => void;
  /** It began; what is returned is called when it has ended, before its outcome is known. */
  onStart?: (work: AtWork) => () => Promise<void>;
  /** The newest whole time, older than a sign. */
  lastGood?: (sign: DivergenceSign | undefined) => Promise<string | undefined>;
}

/** A program that came to a good end. */
export interface RanWell {
  kind: 'ran';
  log: string;
  findings: LogFindings;
  /** The time of its last step; undefined if it is no solver. */
  last: string | undefined;
}

/** Runs one program in the box to its end. Never leaves anything of it behind. */
export const runProgram = async (
  { bench, folder, signal, deadlineMs, timeoutText }: RunOptions,
  { log, argv, done = log }: ToRun,
  { onRow, onStart, lastGood }: Listener = {},
): Promise<RanWell | Failed | Cancelled> => {
  if (signal.aborted) {
    return CANCELLED;
  }
  const { clock } = bench;
  const began = clock.monotonic();
  const watch = createDivergenceWatch();
  let last: string | undefined;
  let isHopeless = false;
  const reader = createLogReader((row) => {
    if (row.values.size === 0) {
      // Programs that compute nothing say at which time they look.
      return;
    }
    last = row.time;
    watch.see(row);
    onRow?.(row);
  });
  const process = startScript(bench, folder, ['run.sh', done, log, ...argv], (chunk) => {
    reader.add(chunk);
    if (watch.isHopeless() && !isHopeless) {
      isHopeless = true;
      void process.kill();
    }
  });
  const work = { process, findings: reader.findings, sign: watch.sign };
  const onEnd = onStart?.(work);
  let isLate = false;
  const timer = clock.setTimer(Math.max(0, deadlineMs - began), () => {
    isLate = true;
    void process.kill();
  });
  using _stop = addAbortListener(signal, () => void process.kill());
  const exit = await process.exited;
  timer.cancel();
  reader.end();
  await onEnd?.();
  if (signal.aborted) {
    return CANCELLED;
  }
  const seconds = (clock.monotonic() - began) / 1_000;
  const said = process.log();
  const findings = reader.findings();
  const sign = watch.sign();
  const good = exit.code === 0 ? undefined : await lastGood?.(sign);
  if (isLate) {
    return failed('TIMEOUT', `${argv[0]} ${timeoutText}`, { log: said, seconds });
  }
  const ended = { program: argv[0], exit, log: said, findings, sign, lastGood: good };
  const failure = failureOf(ended, seconds, last);
  return failure ?? { kind: 'ran', log: said, findings, last };
};
