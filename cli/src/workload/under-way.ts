import type { RunningTask } from '#libs/contracts/session.ts';
import { formatSeconds, printable } from '../formats.ts';
import { nameOf } from './describe.ts';
import { taskName } from './steps.ts';

/** More than these are only counted: people look at a screen, not at a list. */
const MAX_LINES = 8;

const percentOf = (fraction: number | undefined): number | undefined =>
  fraction === undefined ? undefined : Math.floor(fraction * 100);

const lineOf = (task: RunningTask, noun: string): string => {
  const { frame, fraction, text, elapsedSeconds, remainingSeconds } = task;
  const percent = percentOf(fraction);
  const parts = [
    ...(percent === undefined ? [] : [`${percent} %`]),
    ...(text === '' ? [] : [printable(text)]),
    remainingSeconds === undefined
      ? `for ${formatSeconds(elapsedSeconds)}`
      : `${formatSeconds(remainingSeconds)} left`,
  ];
  return `${taskName(task.task, noun, frame)} on ${printable(nameOf(task))}: ${parts.join(', ')}`;
};

/** `frame 17 on alice: 62 %, Sample 40/64, 20.0 s left`: a line for each task under way, a few at most. */
export const underWayLines = (running: readonly RunningTask[], noun: string): string[] => {
  const more = running.length - MAX_LINES;
  return [
    ...running.slice(0, MAX_LINES).map((task) => lineOf(task, noun)),
    ...(more > 0 ? [`and ${more} more ${more === 1 ? noun : `${noun}s`} under way`] : []),
  ];
};

const tenths = (seconds: number): number => Math.round(seconds * 10) / 10;

/** The same for programs; `null` is what nobody knows. */
export const underWayEvents = (running: readonly RunningTask[]): object[] =>
  running.map((task) => ({
    task: task.task,
    frame: task.frame,
    user: nameOf(task),
    percent: percentOf(task.fraction) ?? null,
    text: task.text,
    elapsedSeconds: tenths(task.elapsedSeconds),
    remainingSeconds: task.remainingSeconds === undefined ? null : tenths(task.remainingSeconds),
  }));
