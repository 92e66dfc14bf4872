import type { Db } from 'mongodb';
import type { Round } from './round.ts';

const at = (sorted: readonly number[], share: number): string =>
  `${Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0)}`;

/** How many stale results of all users the mesh refused. */
export const refusedIn = async (db: Db): Promise<number> => {
  const refusals = await db.collection('refusals').find().toArray();
  return refusals.reduce((sum, { count }) => sum + Number(count), 0);
};

/** The report of many rounds, for people. */
export const reportOf = (rounds: readonly Round[], refused: number): string => {
  const faults = rounds.flatMap((round) => round.faults);
  const lines = [...Map.groupBy(faults, ({ kind }) => kind)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, all]) => {
      const known = all.flatMap(({ recoveryMs }) => recoveryMs ?? []).sort((a, b) => a - b);
      const inFlight = all.filter(({ appends }) => appends > 0).length;
      const never =
        all.length > known.length ? `, nothing within 5 s after ${all.length - known.length}` : '';
      const recovery = `recovery p50 ${at(known, 0.5)} ms, p95 ${at(known, 0.95)} ms, max ${at(known, 1)} ms`;
      return `${kind.padEnd(50)} n ${all.length}, append in flight ${inFlight}, ${recovery}${never}`;
    });
  const sum = (key: keyof Round['asked']): number =>
    rounds.reduce((total, { asked }) => total + asked[key], 0);
  const violations = rounds.flatMap(({ seed, violations: all }) =>
    all.map((text) => `round ${seed}: ${text}`),
  );
  return [
    `rounds ${rounds.length}, faults ${faults.length}, ${faults.filter(({ appends }) => appends > 0).length} with an append in flight`,
    ...lines,
    `commands answered ${sum('ok')}, refused ${sum('failed')}, unknown ${sum('unknown')}`,
    `states shown ${rounds.reduce((total, { shown }) => total + shown, 0)}`,
    `stale results refused ${refused}`,
    ...violations,
    `violations ${violations.length}${violations.length === 0 ? ` (at most one in ${(rounds.length / 3).toFixed(1)} rounds)` : ''}`,
  ].join('\n');
};
