import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { cpus, totalmem, release } from 'node:os';

/** The median of measurements, and their spread. */
interface Spread {
  n: number;
  median: number;
  min: number;
  max: number;
}

/** The percentile of the measurements, by nearest rank. */
export const percentile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return (
    sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? NaN
  );
};

export const spreadOf = (values: readonly number[]): Spread => ({
  n: values.length,
  median: percentile(values, 0.5),
  min: Math.min(...values),
  max: Math.max(...values),
});

/** The resident memory of a process. */
export const rssKb = async (pid: number): Promise<number> =>
  Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1] ?? NaN);

/** The machine on which a figure was measured. */
export const machine = (): string => {
  const [cpu] = cpus();
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`;
};

/** The first line of a program's version output. */
export const version = (command: string, ...args: string[]): string => {
  try {
    return (
      execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split(
        '\n',
      )[0] ?? ''
    );
  } catch {
    return 'unknown';
  }
};

/** A line of a report. */
export const line = (name: string, { n, median, min, max }: Spread, unit: string): string => {
  const figure = (value: number): string =>
    value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0 });
  return `${name.padEnd(44)} median ${figure(median)} ${unit} (min ${figure(min)}, max ${figure(max)}, n ${n})`;
};
