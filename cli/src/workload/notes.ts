import type { Workload } from '#libs/contracts/session.ts';
import { plural } from '../formats.ts';
import type { Output } from '../output.ts';
import { viewOf } from './kinds.ts';

/** What the results differ in from what people may expect. */
export const printNotes = (output: Output, workload: Workload): void => {
  const { noun } = viewOf(workload);
  for (const { text, results } of workload.notes) {
    output.text(`note: ${text} (${plural(results, noun)})`);
  }
};
