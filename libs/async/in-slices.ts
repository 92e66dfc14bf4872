import { setImmediate } from 'node:timers/promises';

/** Does work that would hold the event loop for long, and lets everything else have a turn wherever it yields. */
export const inSlices = async <T>(work: Generator<void, T>): Promise<T> => {
  for (let step = work.next(); ; step = work.next()) {
    if (step.done === true) {
      return step.value;
    }
    await setImmediate();
  }
};
