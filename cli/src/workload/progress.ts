import type { RunningTask, WatchWorkloadResponse } from '#libs/contracts/session.ts';
import { durationFromProto } from '#libs/mesh/index.ts';
import { formatSeconds, plural, printable } from '../formats.ts';
import { stepUnderWay } from './steps.ts';
import { underWayEvents } from './under-way.ts';
import type { WaitReason } from './waiting.ts';

/** How a workload stands, in the numbers that people and programs follow. */
export interface Progress {
  completed: number;
  /** Completed tasks whose results the mesh has looked at itself. */
  verified: number;
  failed: number;
  total: number;
  users: number;
  /** Undefined until there is a measurement, and while nobody works on it. */
  etaSeconds: number | undefined;
  perMinute: number;
  /** The step that the others wait for; empty if there is none. */
  step: string;
  /** Tasks under way, as far as their agents say how far they are. */
  running: readonly RunningTask[];
  /** Why nobody works on it, once that is known; undefined while somebody does. */
  waiting?: WaitReason | undefined;
}

export const progressOf = (seen: WatchWorkloadResponse): Progress => ({
  completed: seen.workload?.completed ?? 0,
  verified: seen.workload?.verified ?? 0,
  failed: seen.workload?.failed ?? 0,
  total: seen.workload?.total ?? 0,
  users: seen.activeUsers,
  etaSeconds: seen.eta && durationFromProto(seen.eta) / 1_000,
  perMinute: seen.tasksPerMinute,
  step: stepUnderWay(seen.workload?.nodes ?? []),
  running: seen.running,
});

/** The event of `--json`. */
export const progressEvent = ({
  perMinute: _perMinute,
  etaSeconds,
  running,
  step,
  waiting,
  ...counts
}: Progress): object => ({
  event: 'progress',
  ...counts,
  ...(step !== '' && { step }),
  etaSeconds: etaSeconds === undefined ? null : Math.round(etaSeconds * 10) / 10,
  ...(running.length > 0 && { running: underWayEvents(running) }),
  ...(waiting === undefined ? {} : { waiting }),
});

/** `12 of 24 frames, 3 users, 34 per minute, 21.0 s left`; while nobody works on it, why. */
export const progressLine = (progress: Progress, noun: string): string =>
  [
    ...stepOf(progress),
    `${progress.completed} of ${plural(progress.total, noun)}`,
    ...failedOf(progress),
    plural(progress.users, 'user'),
    ...rateOf(progress),
    ...restOf(progress),
  ].join(', ');

const stepOf = ({ step }: Progress): string[] => (step === '' ? [] : [step]);

/** `[#####xx---]  50 %  12/24, 2 failed, 3 users, …` for a terminal so wide. What matters least goes first if room is short. */
export const progressBar = (progress: Progress, columns: number): string => {
  const { completed, total } = progress;
  const room = Math.max(0, columns - 1);
  const counts = [...stepOf(progress), `${completed}/${total}`, ...failedOf(progress)];
  const users = plural(progress.users, 'user');
  const [rate, rest] = [rateOf(progress), restOf(progress)];
  const forms: [width: number, numbers: string[]][] = [
    [24, [...counts, users, ...rate, ...rest]],
    [10, [...counts, users, ...rate, ...rest]],
    [10, [...counts, users, ...rest]],
    [0, [...counts, ...rest]],
  ];
  const lines = forms.map(([width, numbers]) => `${barOf(progress, width)}${numbers.join(', ')}`);
  const whole = lines.find((line) => line.length <= room);
  // A reason may be longer than any terminal is wide.
  return whole ?? `${(lines.at(-1) ?? '').slice(0, Math.max(0, room - 1))}…`.slice(0, room);
};

/** Failures are drawn as such, and count nothing towards the percentage. */
const barOf = ({ completed, failed, total }: Progress, width: number): string => {
  const cells = (count: number): number =>
    total === 0 ? 0 : Math.floor(Math.min(1, count / total) * width);
  const percent = total === 0 ? 0 : Math.floor((100 * Math.min(completed, total)) / total);
  const done = '#'.repeat(cells(completed));
  const bad = 'x'.repeat(cells(completed + failed) - done.length);
  const bar = width === 0 ? '' : `[${`${done}${bad}`.padEnd(width, '-')}] `;
  return `${bar}${String(percent).padStart(3)} %  `;
};

const failedOf = ({ failed }: Progress): string[] => (failed > 0 ? [`${failed} failed`] : []);

const rateOf = ({ perMinute, waiting }: Progress): string[] =>
  perMinute > 0 && waiting === undefined
    ? [`${perMinute < 10 ? perMinute.toFixed(1) : Math.round(perMinute)} per minute`]
    : [];

/** A shorter span reads as `0.0 s`. */
const SHOWN_SECONDS = 0.05;

/** How long it will take, or why nobody works on it. */
const restOf = (progress: Progress): string[] => {
  const { etaSeconds, users, waiting, completed, verified, failed, total } = progress;
  if (waiting !== undefined) {
    return [`waiting: ${printable(waiting.message)}`];
  }
  if (completed + failed === total && verified < completed) {
    return [`${completed - verified} to verify`];
  }
  if (etaSeconds !== undefined && etaSeconds < SHOWN_SECONDS) {
    // The last results are being written down, or are there already.
    return [];
  }
  if (etaSeconds !== undefined) {
    return [`${formatSeconds(etaSeconds)} left`];
  }
  return users > 0 && completed + failed < total ? ['time left not known yet'] : [];
};
