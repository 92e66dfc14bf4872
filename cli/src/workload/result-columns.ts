import type { Result } from '#libs/contracts/session.ts';
import { formatBytes, formatSeconds } from '../formats.ts';
import type { Column } from '../output.ts';
import { nameOf } from './describe.ts';

const FILES: Column<Result> = ['FILES', ({ files }) => 1 + files.length, 'right'];

/** Whether the mesh has looked at it itself. */
const VERIFIED: Column<Result> = ['VERIFIED', ({ verified }) => (verified ? 'yes' : 'not yet')];

/** With the number of files only where a result has more than one: of the other eye, or of File Output nodes. */
export const resultColumns = (results: readonly Result[]): readonly Column<Result>[] => [
  ['TASK', ({ task }) => task],
  ['USER', nameOf],
  ['SIZE', ({ sizeBytes }) => formatBytes(sizeBytes), 'right'],
  ...(results.some(({ files }) => files.length > 0) ? [FILES] : []),
  ['TIME', ({ seconds }) => formatSeconds(seconds), 'right'],
  ['SHA-256', ({ sha256 }) => sha256],
  ...(results.every(({ verified }) => verified) ? [] : [VERIFIED]),
  ['NOTES', ({ notes }) => notes.join('; ')],
];
