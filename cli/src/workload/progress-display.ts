import type { Clock } from '#libs/clock/index.ts';
import type { Output } from '../output.ts';
import { progressBar, progressEvent, progressLine, type Progress } from './progress.ts';

/** Shows progress in the form that the reader can use: events, a bar that redraws itself, or a line now and then. */
export interface ProgressDisplay {
  show(progress: Progress): void;
  /** A message on standard error. */
  note(text: string): void;
  /** Leaves the bar as it is; the next text begins on a line of its own. */
  finish(): void;
}

/** The shortest span between two lines; the last state is always shown. */
const LINE_EVERY_MS = { json: 200, plain: 1_000, live: 100 } as const;
/** In a log, a line that differs only in its estimate comes this seldom. */
const PLAIN_ESTIMATE_MS = 10_000;

export const createProgressDisplay = (
  output: Output,
  clock: Clock,
  noun: string,
): ProgressDisplay => {
  const everyMs = output.isJson
    ? LINE_EVERY_MS.json
    : output.isLive
      ? LINE_EVERY_MS.live
      : LINE_EVERY_MS.plain;
  let shownAtMs = -Infinity;
  let shown = '';
  let counts = '';
  let pending: Progress | undefined;
  let isBarOpen = false;

  const isWorthALine = ({ completed, failed, total, users }: Progress): boolean => {
    const before = counts;
    const isOld = clock.monotonic() - shownAtMs >= PLAIN_ESTIMATE_MS;
    counts = `${completed} ${failed} ${total} ${users}`;
    return output.isJson || output.isLive || isOld || counts !== before;
  };
  const print = (progress: Progress): void => {
    if (!isWorthALine(progress)) {
      return;
    }
    shownAtMs = clock.monotonic();
    pending = undefined;
    const text = output.isJson
      ? JSON.stringify(progressEvent(progress))
      : progressLine(progress, noun);
    if (text === shown) {
      return;
    }
    shown = text;
    if (output.isJson) {
      output.json(progressEvent(progress));
    } else if (output.isLive) {
      output.raw(`\r\u001B[K${progressBar(progress, output.columns)}`);
      isBarOpen = true;
    } else {
      output.text(text);
    }
  };
  const closeBar = (): void => {
    if (isBarOpen) {
      output.raw('\n');
    }
    isBarOpen = false;
    shown = '';
  };
  const clearBar = (): void => {
    if (isBarOpen) {
      output.raw('\r\u001B[K');
    }
    isBarOpen = false;
    shown = '';
  };

  return {
    show(progress) {
      if (clock.monotonic() - shownAtMs < everyMs) {
        pending = progress;
      } else {
        print(progress);
      }
    },
    note(text) {
      clearBar();
      output.note(text);
    },
    finish() {
      if (pending !== undefined) {
        print(pending);
      }
      closeBar();
    },
  };
};
