import type { Round } from './round.ts';

const at = (sorted: readonly number[], share: number): string =>
  `${Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0)}`;

/** What many rounds came to, for people. */
export const reportOf = (rounds: readonly Round[], refused: number): string => {
  const byKind = Map.groupBy(
    rounds.flatMap(({ recoveries }) => recoveries),
    ({ kind }) => kind,
  );
  const lines = [...byKind]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, all]) => {
      const known = all.flatMap(({ ms }) => ms ?? []).sort((a, b) => a - b);
      const never = all.length - known.length;
      return `${kind.padEnd(30)} n ${all.length}, recovery p50 ${at(known, 0.5)} ms, p95 ${at(known, 0.95)} ms, max ${at(known, 1)} ms${never > 0 ? `, nothing to do after ${never}` : ''}`;
    });
  const sum = (key: 'ok' | 'failed' | 'unknown'): number => rounds.reduce((total, { asked }) => total + asked[key], 0);
  const violations = rounds.flatMap(({ seed, violations: all }) => all.map((text) => `round ${seed}: ${text}`));
  return [
    `rounds ${rounds.length}, faults ${rounds.reduce((total, { faults }) => total + faults.length, 0)}`,
    ...lines,
    `commands answered ${sum('ok')}, refused ${sum('failed')}, unknown ${sum('unknown')}`,
    `stale results refused ${refused}`,
    ...violations,
    `violations ${violations.length}${violations.length === 0 ? ` (at most one in ${(rounds.length / 3).toFixed(1)} rounds)` : ''}`,
  ].join('\n');
};
