import { randomUUID } from 'node:crypto';
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';
import { filterFor } from './filter.ts';

const here = arch();
const filter = here === 'x64' || here === 'arm64' ? filterFor(here) : undefined;

/** Whether there is a filter for this machine's processors. */
export const hasFilter = filter !== undefined;

/** The descriptor from which bubblewrap reads the filter, and its option for that. */
export const FILTER_DESCRIPTOR = 3;
export const FILTERED: readonly string[] = hasFilter
  ? ['--seccomp', String(FILTER_DESCRIPTOR)]
  : [];

/**
 * Calls `start` with what a program's `stdio` needs at its end, so that `FILTERED` finds the filter. Each program gets a
 * file of its own, because it reads on where the last one stopped.
 */
export const withFilter = <T>(start: (further: readonly number[]) => T): T => {
  if (filter === undefined) {
    return start([]);
  }
  const path = join(tmpdir(), `muster-${randomUUID()}`);
  const descriptor = openSync(path, 'wx+', 0o600);
  try {
    unlinkSync(path);
    // At a position, because the program begins to read where this process would write next.
    writeSync(descriptor, filter, 0, filter.length, 0);
    return start([descriptor]);
  } finally {
    closeSync(descriptor);
  }
};
