import type { Clock } from '#libs/clock/index.ts';
import { printableLines, type Output } from '../output.ts';
import { progressBar, progressEvent, progressLine, type Progress } from './progress.ts';
import { underWayLines } from './under-way.ts';

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
/** The shortest span in a log between two lines that differ only in their estimates. */
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
  let linesBelow = 0;
  let listedAtMs = -Infinity;

  const isWorthALine = ({ completed, failed, total, users, step, waiting }: Progress): boolean => {
    const before = counts;
    const isOld = clock.monotonic() - shownAtMs >= PLAIN_ESTIMATE_MS;
    counts = `${completed} ${failed} ${total} ${users} ${step} ${waiting?.message}`;
    return form !== 'plain' || isOld || counts !== before;
  };
  /** A log says what is under way no more often than it repeats a line for its estimate alone. */
  const linesFor = ({ running }: Progress): string[] => {
    const lines = underWayLines(running, noun);
    if (form !== 'plain' || lines.length === 0) {
      return lines;
    }
    const now = clock.monotonic();
    if (now - listedAtMs < PLAIN_ESTIMATE_MS) {
      return [];
    }
    listedAtMs = now;
    return lines.map((line) => `  ${line}`);
  };
  const drawBar = (progress: Progress): void => {
    const lines = linesFor(progress).map((line) => line.slice(0, Math.max(0, output.columns - 1)));
    const bar = printableLines([progressBar(progress, output.columns), ...lines]);
    const back = lines.length > 0 ? `\u001B[${lines.length}A` : '';
    output.raw(`${clear()}${bar}${back}`);
    linesBelow = lines.length;
    isBarOpen = true;
  };
  const print = (progress: Progress): void => {
    if (!isWorthALine(progress)) {
      return;
    }
    shownAtMs = clock.monotonic();
    pending = undefined;
    const event = progressEvent(progress);
    const text = output.isLive ? JSON.stringify(progress) : shownText(progress, event);
    if (text === shown) {
      return;
    }
    shown = text;
    output.json(event);
    if (output.isLive) {
      drawBar(progress);
    } else {
      output.text(text.split('\n'));
    }
  };
  const shownText = (progress: Progress, event: object): string =>
    output.isJson
      ? JSON.stringify(event)
      : [progressLine(progress, noun), ...linesFor(progress)].join('\n');
  /** Goes to the beginning of the bar and clears it, with the lines below. */
  const clear = (): string => (linesBelow > 0 ? '\r\u001B[J' : '\r\u001B[K');
  const endBar = (by: string): void => {
    if (isBarOpen) {
      output.raw(by);
    }
    isBarOpen = false;
    linesBelow = 0;
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
      endBar(clear());
      output.note(text);
    },
    finish() {
      if (pending !== undefined) {
        print(pending);
      }
      endBar(linesBelow > 0 ? '\n\u001B[J' : '\n');
    },
  };
};
