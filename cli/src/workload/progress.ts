import type { RunningTask, WatchWorkloadResponse } from '#libs/contracts/session.ts';
import { durationFromProto } from '#libs/mesh/index.ts';
import { formatSeconds, plural } from '../formats.ts';
import { stepUnderWay } from './steps.ts';
import { underWayEvents } from './under-way.ts';

/** How a workload stands, in the numbers that people and programs follow. */
export interface Progress {
  completed: number;
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
}

export const progressOf = (seen: WatchWorkloadResponse): Progress => ({
  completed: seen.workload?.completed ?? 0,
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
  ...counts
}: Progress): object => ({
  event: 'progress',
  ...counts,
  ...(step !== '' && { step }),
  etaSeconds: etaSeconds === undefined ? null : Math.round(etaSeconds * 10) / 10,
  ...(running.length > 0 && { running: underWayEvents(running) }),
});

/** `12 of 24 frames, 3 users, 34 per minute, 21.0 s left`. */
export const progressLine = (progress: Progress, noun: string): string =>
  [
    ...stepOf(progress),
    `${progress.completed} of ${plural(progress.total, noun)}`,
    ...pace(progress),
  ].join(', ');

const stepOf = ({ step }: Progress): string[] => (step === '' ? [] : [step]);

const BAR_WIDTH = 24;

/** The same with a bar in front, cut to the terminal's width: `[#####-----]  50 %  12/24, 3 users, …`. */
export const progressBar = (progress: Progress, columns: number): string => {
  const { completed, failed, total } = progress;
  const share = total === 0 ? 0 : Math.min(1, (completed + failed) / total);
  const bar = '#'.repeat(Math.floor(share * BAR_WIDTH)).padEnd(BAR_WIDTH, '-');
  const percent = `${Math.floor(share * 100)}`.padStart(3);
  const numbers = [...stepOf(progress), `${completed}/${total}`, ...pace(progress)].join(', ');
  return `[${bar}] ${percent} %  ${numbers}`.slice(0, Math.max(0, columns - 1));
};

const pace = ({ failed, users, perMinute, etaSeconds }: Progress): string[] => [
  ...(failed > 0 ? [`${failed} failed`] : []),
  plural(users, 'user'),
  ...(perMinute > 0
    ? [`${perMinute < 10 ? perMinute.toFixed(1) : Math.round(perMinute)} per minute`]
    : []),
  ...(etaSeconds === undefined ? [] : [`${formatSeconds(etaSeconds)} left`]),
];
