import { topEntries } from '#libs/openfoam/index.ts';

/** When a case writes its times by itself, as far as its controlDict says it plainly. */
export interface Control {
  startTime: number | undefined;
  endTime: number | undefined;
  writeControl: string;
  writeInterval: number | undefined;
}

const numberOf = (text: string | undefined): number | undefined => {
  const value = Number(text);
  return text === undefined || text === '' || !Number.isFinite(value) ? undefined : value;
};

export const readControl = (controlDict: string): Control => {
  const entries = topEntries(controlDict);
  return {
    startTime: numberOf(entries.get('startTime')),
    endTime: numberOf(entries.get('endTime')),
    writeControl: entries.get('writeControl') ?? 'timeStep',
    writeInterval: numberOf(entries.get('writeInterval')),
  };
};

const NEAR = 1e-6;
const BY_TIME = ['runTime', 'adjustable', 'adjustableRunTime'];

/**
 * Whether a case writes a time by itself. Where that is not certain it counts as one that does, because a result too many harms
 * nobody.
 *
 * @param uniformTime the text of its `uniform/time`, which has the number of the step
 */
export const isOwnTime = (
  { startTime = 0, endTime, writeControl, writeInterval }: Control,
  time: string,
  uniformTime: string,
): boolean => {
  if (writeInterval === undefined || writeInterval <= 0 || Number(time) === endTime) {
    return true;
  }
  const entries = topEntries(uniformTime);
  if (writeControl === 'timeStep') {
    const index = numberOf(entries.get('index'));
    return index === undefined || index % Math.max(1, Math.round(writeInterval)) === 0;
  }
  const deltaT = numberOf(entries.get('deltaT'));
  if (!BY_TIME.includes(writeControl) || deltaT === undefined) {
    return true;
  }
  const since = Number(time) - startTime;
  const nearest = Math.round(since / writeInterval) * writeInterval;
  return Math.abs(since - nearest) <= deltaT / 2 + NEAR * writeInterval;
};

/**
 * OpenFOAM counts `runTime` intervals from where it began. A solver that goes on from between two of its own times has to be led to the next
 * one, or it would write at other times for ever. Undefined: it need not.
 *
 * @param at the time from which it goes on
 * @returns entries with which it writes its next own time and ends there
 */
export const wayToOwnTime = (
  { startTime = 0, endTime, writeControl, writeInterval }: Control,
  at: number,
): string | undefined => {
  if (!BY_TIME.includes(writeControl) || writeInterval === undefined || writeInterval <= 0) {
    return undefined;
  }
  const passed = (at - startTime) / writeInterval;
  if (Math.abs(passed - Math.round(passed)) <= NEAR) {
    return undefined;
  }
  const next = startTime + Math.ceil(passed) * writeInterval;
  if (endTime !== undefined && next > endTime + NEAR * writeInterval) {
    return undefined;
  }
  const [end, interval] = [next, next - at].map((value) => Number(value.toPrecision(12)));
  return `stopAt endTime; endTime ${end}; writeInterval ${interval};`;
};
