import { resolve } from 'node:path';
import { Argument, Option, type Command } from 'commander';
import { durationToProto } from '#libs/mesh/index.ts';
import { usage } from './failures.ts';

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Reads `90s`, `15m`, `12h`, `30d` as seconds. Throws INVALID_ARGUMENT `USAGE` on anything else. */
export const parseTtl = (text: string): number => {
  const match = /^(\d{1,9})([smhd])$/.exec(text);
  const seconds = Number(match?.[1] ?? 0) * (unitSeconds[match?.[2] ?? ''] ?? 0);
  if (seconds === 0) {
    throw usage(`'${text}' is not a span of time; write 90s, 15m, 12h or 30d`);
  }
  return seconds;
};

/** `--ttl TIME` of a token, 30 days where it is not given. */
export const ttlOption = (about: string): Option =>
  new Option('--ttl <time>', about).argParser(parseTtl).default(parseTtl('30d'), '30d');

const UNIT_BYTES: Readonly<Record<string, number>> = { MiB: 2 ** 20, GiB: 2 ** 30 };

/** Reads `512MiB`, `8GiB` as bytes. Throws INVALID_ARGUMENT `USAGE` on anything else. */
export const parseSize = (text: string): number => {
  const [, count = 0, unit = ''] = /^(\d{1,6}(?:\.\d{1,3})?)(MiB|GiB)$/.exec(text) ?? [];
  const bytes = Math.round(Number(count) * (UNIT_BYTES[unit] ?? 0));
  if (bytes === 0) {
    throw usage(`'${text}' is not a size; write 512MiB or 8GiB`);
  }
  return bytes;
};

/** Seconds as a google.protobuf.Duration. */
export const toDuration = (seconds: number | undefined) =>
  seconds === undefined ? undefined : durationToProto(seconds * 1_000);

/** Reads a whole number within bounds. Throws INVALID_ARGUMENT `USAGE`. */
export const parseCount =
  (name: string, minimum: number, maximum: number) =>
  (text: string): number => {
    const value = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= minimum && value <= maximum)) {
      throw usage(`${name} is a whole number from ${minimum} to ${maximum}, not '${text}'`);
    }
    return value;
  };

/** An option `--name <…>` for a whole number within bounds; `without`: its value where it is not given, and what people read. */
export const countOption = (
  flags: string,
  about: string,
  [minimum, maximum]: readonly [number, number],
  without?: number,
  shown?: string,
): Option => {
  const [name = ''] = flags.split(' ');
  const option = new Option(flags, about).argParser(parseCount(name, minimum, maximum));
  return option.default(without, shown);
};

/** An option for a text, which is empty where it is not given; `without`: what that means. */
export const textOption = (flags: string, about: string, without: string): Option =>
  new Option(flags, about).default('', without);

export interface WhichOptions {
  customer: string;
}

/** Adds `[id]` and `--customer`: without an id the command means the workload that runs. */
export const whichWorkload = (command: Command): Command =>
  command
    .addArgument(new Argument('[id]', 'the workload').default('', 'the one that runs'))
    .addOption(
      textOption('--customer <id>', 'whose running workload is meant; for operators', 'your own'),
    );

/** Some tasks of a workload: `--frames`, or by its other name `--tasks`. */
export interface TasksOptions {
  frames?: string;
  tasks?: string;
}

/** Adds `--frames` and `--tasks`, of which only one may be given. */
export const whichTasks = (command: Command, about: string): Command =>
  command
    .option('--frames <expression>', about)
    .addOption(
      new Option(
        '--tasks <expression>',
        'another name of --frames; with several steps mesh/0-2,solve/1',
      ).conflicts('frames'),
    );

/** The host that a command is about, for those who have several. */
export interface HostOption {
  host: string;
}

/** `--host NAME`, or what is meant without it. */
export const hostOption = (without: string): Option =>
  textOption('--host <name>', 'the host', without);

export const ANYWHERE = 'the one where it fits';
export const ALL = 'all';
export const ASKED = 'the one whose broker answers';

/** Collects the values of an option that may be given several times. */
const collect = (value: string, before: readonly string[]): string[] => [...before, value];

/** An option that may be given several times; `without`: what people read of it where it is not given. */
export const listOption = (flags: string, about: string, without = 'none'): Option =>
  new Option(flags, about).argParser(collect).default([], without);

export const blenderOption = (): Option =>
  listOption(
    '--blender <path>',
    "a Blender's program; repeat it for more versions",
    'all in PATH and the usual places',
  );

/** Paths as other processes can read them; names stay names, to be sought in PATH. */
export const blendersOf = (given: readonly string[], cwd: string): string[] =>
  given.map((path) => {
    if (path.includes(':')) {
      throw usage(`--blender ${path}: a colon separates Blenders; give the folder another name`);
    }
    return path.includes('/') ? resolve(cwd, path) : path;
  });

export interface WaitOptions {
  /** Seconds. */
  waitAtMost?: number;
}

export const waitAtMostOption = (): Option =>
  new Option(
    '--wait-at-most <time>',
    'give up with exit code 1 after so long without anybody at work on it, for example 10m (default: never)',
  ).argParser(parseTtl);
