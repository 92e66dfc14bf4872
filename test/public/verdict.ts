import type { Outcome } from './compare.ts';
import type { PublicFile } from './files.ts';

export interface Verdict {
  word: 'equal' | 'differs' | 'refused';
  /** What follows the name of the file. */
  detail: string;
  isExpected: boolean;
}

/** What an outcome means for a file that is to be rendered, or refused for a reason. */
export const verdictOf = (file: PublicFile, { refusal, pairs }: Outcome): Verdict => {
  if (refusal !== undefined) {
    const isExpected = refusal.reason === file.refusal;
    const detail = `: ${refusal.reason}${isExpected ? ', as expected' : `: ${refusal.message}`}`;
    return { word: 'refused', detail, isExpected };
  }
  const other = pairs.filter(({ isEqual }) => !isEqual).map(({ frame }) => frame);
  const isExpected = other.length === 0 && file.refusal === undefined;
  if (other.length > 0) {
    return { word: 'differs', detail: `: in frame ${other.join(', ')}`, isExpected };
  }
  const detail = file.refusal === undefined ? '' : `: was to be refused, ${file.refusal}`;
  return { word: 'equal', detail, isExpected };
};
