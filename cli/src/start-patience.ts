import { outage } from './failures.ts';
import type { Invocation } from './invocation.ts';
import type { PatienceOptions } from './patience.ts';

/** Nothing is at stake before the start, so a mesh that is away is told soon. */
const PATIENCE_MS = 20_000;

/** The patience of a command that hands something in or starts it; an outage is told. */
export const startPatience = ({ cli, output }: Invocation): PatienceOptions => {
  const { clock, random, interrupt: signal } = cli;
  const onOutage = (error: Error): void => output.note(outage(error));
  return { clock, random, signal, patienceMs: PATIENCE_MS, onOutage };
};
