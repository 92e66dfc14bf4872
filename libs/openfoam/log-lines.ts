/** What one line of a log says. */
export type LogLine =
  | { kind: 'time'; time: string; at: number }
  | { kind: 'region'; region: string }
  | {
      kind: 'solved';
      region: string | undefined;
      field: string;
      initial: number;
      final: number;
      iterations: number;
    }
  | {
      kind: 'courant';
      region: string | undefined;
      isInterface: boolean;
      mean: number;
      max: number;
    }
  | { kind: 'deltaT'; value: number }
  | { kind: 'continuity'; region: string | undefined; local: number; global: number }
  | { kind: 'execution'; seconds: number }
  | { kind: 'bounding'; field: string; min: number; max: number }
  | { kind: 'converged'; iterations: number }
  | { kind: 'fatal'; text: string }
  | { kind: 'exiting' }
  | { kind: 'trapped' }
  | { kind: 'end' };

const MAX_NAME = 128;

/** Numbers as C++ writes them; undefined if it is none. */
export const numberIn = (token: string | undefined): number | undefined => {
  const text = token?.replace(/[,;]$/, '').toLowerCase() ?? '';
  switch (text.replace(/^[-+]/, '')) {
    case '':
      return undefined;
    case 'nan':
    case 'nan(ind)':
      return Number.NaN;
    case 'inf':
    case 'infinity':
      return text.startsWith('-') ? -Infinity : Infinity;
    default: {
      const value = /^[-+\d.]/.test(text) ? Number(text) : Number.NaN;
      return Number.isNaN(value) ? undefined : value;
    }
  }
};

/**
 * A new step. The unit follows the value in newer versions of the Foundation (`0.005s`), and electrostaticFoam says
 * `Iteration`.
 */
const TIME = /^(?:Time|Iteration) = (-?\d+(?:\.\d*)?(?:e[-+]?\d+)?)\p{L}{0,8}$/iu;
const REGION = /^Solving for (?:fluid|solid) region (\S{1,128})$/;
const SOLVED =
  /^([^\s,]{1,128}), Initial residual = ([^\s,]+), Final residual = ([^\s,]+), No Iterations (\d{1,9})/;
const CONTINUITY = /^(?:\(([^\s)]{1,128})\))? ?: sum local = ([^\s,]+), global = ([^\s,]+)/;
const CONVERGED = /^[A-Z]{1,20} solution converged in (\d{1,12}) iterations/;
const BOUNDING = /^bounding ([^\s,]{1,128}), min: (\S+) max: (\S+)/;
const FATAL = /^--> FOAM FATAL (?:IO )?ERROR/;

/** The region that a line begins with: nothing, `Region: name`, or `name` and blanks as foamMultiRun writes it. */
const regionOf = (words: readonly string[]): string | undefined => {
  const name = words[0] === 'Region:' ? words[1] : words[0];
  return name === undefined || name.length > MAX_NAME ? undefined : name;
};

const wordsOf = (text: string): string[] => text.split(' ').filter((word) => word !== '');

/** A solver's line, given what stands before and after ` Solving for `. */
const solved = (before: string, after: string): LogLine | undefined => {
  const found = SOLVED.exec(after);
  const words = wordsOf(before);
  if (found === null || words.at(-1)?.endsWith(':') !== true) {
    return undefined;
  }
  const [, field = '', ...numbers] = found;
  const [initial, final, iterations] = numbers.map(numberIn);
  if (initial === undefined || final === undefined || iterations === undefined) {
    return undefined;
  }
  return {
    kind: 'solved',
    region: regionOf(words.slice(0, -1)),
    field,
    initial,
    final,
    iterations,
  };
};

const courant = (before: string, mean: string | undefined, max: string | undefined) => {
  const words = wordsOf(before);
  const isInterface = words.at(-1) === 'Interface';
  const region = regionOf(isInterface ? words.slice(0, -1) : words);
  const [meanValue, maxValue] = [numberIn(mean), numberIn(max)];
  return meanValue === undefined || maxValue === undefined
    ? undefined
    : ({ kind: 'courant', region, isInterface, mean: meanValue, max: maxValue } as const);
};

const COURANT = 'Courant Number mean: ';
const COURANTS = 'Mean and max Courant Numbers = ';
const SOLVING = ' Solving for ';
const ERRORS = 'time step continuity errors';

/** What stands before and after the first `mark`; undefined if it is not there. */
const around = (line: string, mark: string): [string, string] | undefined => {
  const at = line.indexOf(mark);
  return at === -1 ? undefined : [line.slice(0, at), line.slice(at + mark.length)];
};

const ofStep = (line: string): LogLine | undefined => {
  const [, time] = TIME.exec(line) ?? [];
  if (time !== undefined && Number.isFinite(Number(time))) {
    return { kind: 'time', time, at: Number(time) };
  }
  const [, region] = REGION.exec(line) ?? [];
  if (region !== undefined) {
    return { kind: 'region', region };
  }
  const solving = around(line, SOLVING);
  if (solving !== undefined) {
    return solved(...solving);
  }
  const numbers = around(line, COURANT);
  if (numbers !== undefined) {
    const [mean, , max] = wordsOf(numbers[1]);
    return courant(numbers[0], mean, max);
  }
  const both = around(line, COURANTS);
  if (both !== undefined) {
    const [mean, max] = wordsOf(both[1]);
    return courant(both[0], mean, max);
  }
  const errors = around(line, ERRORS);
  if (errors !== undefined) {
    const [, of, local, global] = CONTINUITY.exec(errors[1].trimStart()) ?? [];
    const values = { local: numberIn(local), global: numberIn(global) };
    return values.local === undefined || values.global === undefined
      ? undefined
      : {
          kind: 'continuity',
          region: of ?? regionOf(wordsOf(errors[0])),
          local: values.local,
          global: values.global,
        };
  }
  return undefined;
};

const valueAfter = (line: string, mark: string): number | undefined =>
  line.startsWith(mark) ? numberIn(wordsOf(line.slice(mark.length))[0]) : undefined;

/** Reads one line of a log. Undefined: it says nothing that counts. */
export const logLine = (raw: string): LogLine | undefined => {
  // Ranks put their number in front of what goes to stderr.
  const line = raw.replace(/^\[\d{1,6}\] /, '').trimStart();
  if (line === 'End') {
    return { kind: 'end' };
  }
  if (FATAL.test(line)) {
    return { kind: 'fatal', text: line };
  }
  if (line === 'FOAM exiting' || line === 'FOAM aborting' || line.startsWith('FOAM parallel run')) {
    return { kind: 'exiting' };
  }
  // The head of every log has "Floating point exception trapping enabled"; only the stack says that it happened.
  if (line.startsWith('#') && line.includes('Foam::sigFpe::sigHandler')) {
    return { kind: 'trapped' };
  }
  const [, iterations] = CONVERGED.exec(line) ?? [];
  if (iterations !== undefined) {
    return { kind: 'converged', iterations: Number(iterations) };
  }
  const seconds = valueAfter(line, 'ExecutionTime = ');
  if (seconds !== undefined) {
    return { kind: 'execution', seconds };
  }
  const deltaT = valueAfter(line, 'deltaT = ');
  if (deltaT !== undefined) {
    return { kind: 'deltaT', value: deltaT };
  }
  const [, field, min, max] = BOUNDING.exec(line) ?? [];
  if (field !== undefined) {
    const [low, high] = [numberIn(min), numberIn(max)];
    return low === undefined || high === undefined
      ? undefined
      : { kind: 'bounding', field, min: low, max: high };
  }
  return ofStep(line);
};
