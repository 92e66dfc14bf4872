import { readFileSync } from 'node:fs';

/** Whether a process runs; one that has ended and only waits to be reaped does not. */
export const isAlive = (pid: number): boolean => {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return false;
  }
  // The name before it is in parentheses and may contain anything.
  return !/^[ZX]/.test(text.slice(text.lastIndexOf(')') + 2));
};
