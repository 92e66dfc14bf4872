import type { Outcome } from './run.ts';

/** Each must have happened at least once. */
const REQUIRED = [
  'duplicates suppressed',
  'take-overs',
  'appends refused',
  'appends unknown',
  'old states ignored',
  'lies about the input',
];
const MIN_STEPS = 500;
const MIN_FAULTS = 3;

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

/** What many seeds came to. */
export const createReport = () => {
  const began = performance.now();
  const outcomes: Outcome[] = [];
  const totals = new Map<string, number>();
  const total = (what: string): number => totals.get(what) ?? 0;
  const missing = (): string[] => {
    const refused = [...totals].some(([what, n]) => what.startsWith('refused ') && n > 0);
    return [
      ...REQUIRED.filter((what) => total(what) === 0),
      ...(refused ? [] : ['results refused']),
    ];
  };
  const steps = (): number => median(outcomes.map((outcome) => outcome.steps));
  const faults = (): number => median(outcomes.map((outcome) => outcome.faults));
  return {
    add(outcome: Outcome): void {
      outcomes.push({ ...outcome, counts: new Map() });
      for (const [what, n] of outcome.counts) {
        totals.set(what, total(what) + n);
      }
    },
    /** The runs prove nothing, because too little happened. */
    isVoid: (): boolean => missing().length > 0 || steps() < MIN_STEPS || faults() < MIN_FAULTS,
    text(): string {
      const seconds = (performance.now() - began) / 1_000;
      const hours = outcomes.reduce((sum, { virtualMs }) => sum + virtualMs, 0) / 3_600_000;
      const all = outcomes.reduce((sum, outcome) => sum + outcome.steps, 0);
      const lines = [
        `seeds ${outcomes.length}, ${seconds.toFixed(1)} s, ${hours.toFixed(1)} virtual hours`,
        `steps ${all}, median ${steps()} a seed; faults: median ${faults()} a seed`,
        ...[...totals]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([what, n]) => `${what.padEnd(32)} ${n}`),
        missing().length === 0 ? 'violations 0' : `VOID: never happened: ${missing().join(', ')}`,
      ];
      return lines.join('\n');
    },
  };
};
