import { lineReader } from './lines.ts';
import { type LogLine, logLine } from './log-lines.ts';

/** A field of a step whose linear solver did not bring the residual down. */
export interface Struggle {
  /** As in {@link LogRow.values}. */
  series: string;
  initial: number;
  final: number;
  iterations: number;
}

/** One step of a solver. */
export interface LogRow {
  /** Counted from 1 in this log. */
  step: number;
  /** As the program wrote it, without a unit: the name of the time's directory. */
  time: string;
  /** The same as a number. */
  at: number;
  /**
   * The first initial residual of each field, and of the step: `courant_mean`, `courant_max`, `interface_courant_mean`,
   * `interface_courant_max`, `delta_t`, `continuity_local`, `continuity_global`, `execution_time`. A region stands before:
   * `topAir:h`. Numbers may be NaN and infinite.
   */
  values: ReadonlyMap<string, number>;
  /** Solves that ended worse than they began, at their last iteration, or without a number. */
  struggles: readonly Struggle[];
  /** The greatest absolute value that was cut back, by field. */
  bounded: ReadonlyMap<string, number>;
}

/** What the whole log says so far. */
export interface LogFindings {
  /** The program said that it came to its end. */
  isEnded: boolean;
  /** A steady solver found its answer after so many iterations. */
  convergedIn: number | undefined;
  /** What it said when it gave up, at most 1,000 characters. */
  fatal: string | undefined;
  /** A floating point exception ended it. */
  isTrapped: boolean;
  /** The last step that began; undefined before the first. */
  current: LogRow | undefined;
  /** The last step for which a solver line came: all ranks work on it. */
  solvingAt: number | undefined;
}

/** A log with more series than this has something else in it than steps. */
const MAX_SERIES = 1_024;
const MAX_FATAL = 1_000;
/** Linear solvers stop here by default. */
const MAX_ITERATIONS = 1_000;

interface Draft {
  step: number;
  time: string;
  at: number;
  values: Map<string, number>;
  struggles: Struggle[];
  bounded: Map<string, number>;
}

const named = (region: string | undefined, name: string): string =>
  region === undefined ? name : `${region}:${name}`;

const put = (values: Map<string, number>, name: string, value: number): void => {
  if (values.has(name) || values.size < MAX_SERIES) {
    values.set(name, value);
  }
};

/** Courant numbers, and what else stands before the time to which it belongs in some solvers and after it in others. */
const putMeasure = (values: Map<string, number>, line: LogLine): void => {
  if (line.kind === 'courant') {
    const name = line.isInterface ? 'interface_courant' : 'courant';
    put(values, named(line.region, `${name}_mean`), line.mean);
    put(values, named(line.region, `${name}_max`), line.max);
  } else if (line.kind === 'deltaT') {
    put(values, 'delta_t', line.value);
  }
};

const isStruggle = ({ initial, final, iterations }: Struggle): boolean =>
  !Number.isFinite(initial) ||
  !Number.isFinite(final) ||
  final > initial ||
  iterations >= MAX_ITERATIONS;

/**
 * Reads the log of a solver as it comes. A row is given out when the next step begins or the log ends, because function objects
 * write after the line that ends a step.
 *
 * @param onRow gets each step once, in order
 */
export const createLogReader = (onRow: (row: LogRow) => void) => {
  let draft: Draft | undefined;
  let steps = 0;
  /** What came since a step ended, and may belong to the next one. */
  let ahead = new Map<string, number>();
  let isBetween = true;
  let region: string | undefined;
  /** Lines of a failure, while they come. */
  let failing: string | undefined;
  const found = {
    isEnded: false,
    convergedIn: undefined as number | undefined,
    fatal: undefined as string | undefined,
    isTrapped: false,
    solvingAt: undefined as number | undefined,
  };

  const finish = (): void => {
    const done = draft;
    draft = undefined;
    if (done !== undefined) {
      onRow(done);
    }
  };

  const endFailure = (): void => {
    found.fatal ??= failing?.trim();
    failing = undefined;
  };

  const takeSolved = (line: Extract<LogLine, { kind: 'solved' }>): void => {
    if (draft === undefined) {
      return;
    }
    found.solvingAt = draft.at;
    const series = named(line.region ?? region, line.field);
    if (!draft.values.has(series)) {
      put(draft.values, series, line.initial);
    }
    const { initial, final, iterations } = line;
    const struggle = { series, initial, final, iterations };
    if (isStruggle(struggle) && draft.struggles.length < MAX_SERIES) {
      draft.struggles.push(struggle);
    }
  };

  const take = (line: LogLine): void => {
    switch (line.kind) {
      case 'time':
        finish();
        steps += 1;
        draft = {
          step: steps,
          time: line.time,
          at: line.at,
          values: ahead,
          struggles: [],
          bounded: new Map(),
        };
        ahead = new Map();
        isBetween = false;
        region = undefined;
        return;
      case 'region':
        ({ region } = line);
        return;
      case 'solved':
        return takeSolved(line);
      case 'courant':
      case 'deltaT':
        return putMeasure(isBetween ? ahead : (draft?.values ?? ahead), line);
      case 'continuity':
        if (draft !== undefined) {
          const of = line.region ?? region;
          put(draft.values, named(of, 'continuity_local'), line.local);
          put(draft.values, named(of, 'continuity_global'), line.global);
        }
        return;
      case 'execution':
        if (draft !== undefined) {
          put(draft.values, 'execution_time', line.seconds);
        }
        isBetween = true;
        region = undefined;
        return;
      case 'bounding':
        if (draft !== undefined) {
          const most = Math.max(Math.abs(line.min), Math.abs(line.max));
          put(draft.bounded, line.field, Math.max(most, draft.bounded.get(line.field) ?? 0));
        }
        return;
      case 'converged':
        found.convergedIn = line.iterations;
        return;
      case 'fatal':
        failing ??= line.text;
        return;
      case 'exiting':
        return endFailure();
      case 'trapped':
        found.isTrapped = true;
        return;
      case 'end':
        found.isEnded = true;
        return finish();
      default:
        return line satisfies never;
    }
  };

  const lines = lineReader((text) => {
    const line = logLine(text);
    if (failing !== undefined && line?.kind !== 'exiting') {
      failing = `${failing}\n${text}`.slice(0, MAX_FATAL);
    } else if (line !== undefined) {
      take(line);
    }
  });

  return {
    add: (chunk: Uint8Array): void => lines.add(chunk),
    /** There is no more. */
    end: (): void => {
      lines.end();
      endFailure();
      finish();
    },
    findings: (): LogFindings => ({
      ...found,
      fatal: found.fatal ?? failing?.trim(),
      current: draft,
    }),
  };
};
