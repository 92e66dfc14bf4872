import type { Crew, Held, Member } from './crew.ts';
import type { Draft } from './decision.ts';
import { secondsLeft } from './eta.ts';
import type { WorkloadState } from './workload.ts';

/**
 * At the end, when nothing waits, a user that idles may do a running task once more: whoever is first counts, the other is
 * told to stop. Each task is copied once at most, and only where the copy will probably win.
 */

/** A copy must win by this much, since speeds vary… */
const MARGIN = 1.2;
/** …and its user may have to fetch and open the scene first. */
const OPENING_SECONDS = 1;

/** A running attempt that nobody else works on. */
export interface Running {
  ordinal: number;
  owner: string;
  /** How long it is expected to take still. */
  secondsLeft: number;
}

const sum = (shares: WorkloadState['shares'], key: 'seconds' | 'completed'): number =>
  shares.reduce((total, share) => total + share[key], 0);

/** The seconds that a task took on average; undefined before the first is done. */
const averageSeconds = ({ shares, done }: Pick<WorkloadState, 'shares' | 'done'>): number | undefined =>
  done.count === 0 ? undefined : sum(shares, 'seconds') / sum(shares, 'completed');

const wins = (secondsPerTask: number, { secondsLeft: left }: Running): boolean =>
  secondsPerTask * MARGIN + OPENING_SECONDS < left;

const runningOf = (crew: Crew, now: number, average: number): Running[] =>
  [...crew.members.values()].flatMap((member) => {
    const begun: Held[] = [...member.attempts.values()].slice(0, member.slots);
    const seconds = member.secondsPerTask ?? average;
    return begun
      .filter(({ ordinal }) => crew.holders.get(ordinal) === 1)
      .map(({ ordinal, since }) => {
        const running = (now - Math.max(since, member.freeSince)) / 1_000;
        return { ordinal, owner: member.id, secondsLeft: secondsLeft(seconds, running) };
      });
  });

/** The running attempts that a member would probably overtake, the slowest first. */
export const overtakable = ({ state, crew, now }: Pick<Draft, 'state' | 'crew' | 'now'>, member: Member): Running[] => {
  const average = averageSeconds(state);
  if (average === undefined) return [];
  const own = member.secondsPerTask ?? average;
  return runningOf(crew, now, average)
    .filter((running) => running.owner !== member.id && wins(own, running))
    .sort((a, b) => b.secondsLeft - a.secondsLeft);
};

/**
 * How many users beside those for its tasks a workload can use: for the copies that run, and for those worth running, by
 * whoever idles already or, if nobody does, by an average user.
 */
export const usersForCopies = ({ state, crew, now }: Pick<Draft, 'state' | 'crew' | 'now'>): number => {
  const out = [...crew.holders.values()].filter((holders) => holders > 1).length;
  const average = averageSeconds(state);
  if (average === undefined) return out;
  const idle = [...crew.members.values()].filter(({ phase, attempts }) => phase === 'ready' && attempts.size === 0);
  const seconds = Math.min(
    ...(idle.length > 0 ? idle.map(({ secondsPerTask = average }) => secondsPerTask) : [average]),
  );
  return out + runningOf(crew, now, average).filter((running) => wins(seconds, running)).length;
};
