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
  const form = output.isJson ? 'json' : output.isLive ? 'live' : 'plain';
  let shownAtMs = -Infinity;
  let shown = '';
  let counts = '';
  let pending: Progress | undefined;
  let isBarOpen = false;

  const isWorthALine = ({ completed, failed, total, users }: Progress): boolean => {
    const before = counts;
    const isOld = clock.monotonic() - shownAtMs >= PLAIN_ESTIMATE_MS;
    counts = `${completed} ${failed} ${total} ${users}`;
    return form !== 'plain' || isOld || counts !== before;
  };
  const print = (progress: Progress): void => {
    if (!isWorthALine(progress)) {
      return;
    }
    shownAtMs = clock.monotonic();
    pending = undefined;
    const event = progressEvent(progress);
    const text = output.isJson ? JSON.stringify(event) : progressLine(progress, noun);
    if (text === shown) {
      return;
    }
    shown = text;
    output.json(event);
    if (output.isLive) {
      output.raw(`\r\u001B[K${progressBar(progress, output.columns)}`);
      isBarOpen = true;
    } else {
      output.text(text);
    }
  };
  const endBar = (by: string): void => {
    if (isBarOpen) {
      output.raw(by);
    }
    isBarOpen = false;
    shown = '';
  };

  return {
    show(progress) {
      if (clock.monotonic() - shownAtMs < LINE_EVERY_MS[form]) {
        pending = progress;
      } else {
        print(progress);
      }
    },
    note(text) {
      endBar('\r\u001B[K');
      output.note(text);
    },
    finish() {
      if (pending !== undefined) {
        print(pending);
      }
      endBar('\n');
    },
  };
};
