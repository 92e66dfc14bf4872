import type { Workload } from '#libs/contracts/session.ts';
import { plural } from '../formats.ts';
import type { Output } from '../output.ts';
import { viewOf } from './kinds.ts';

/** Whether people know the text of a note already. */
export type IsTold = (text: string) => boolean;

/** What the results differ in from what people may expect. */
export const printNotes = (
  output: Output,
  workload: Workload,
  isTold: IsTold = () => false,
): void => {
  const { noun } = viewOf(workload);
  for (const { text, results } of workload.notes.filter((note) => !isTold(note.text))) {
    output.text(`note: ${text} (${plural(results, noun)})`);
  }
};
