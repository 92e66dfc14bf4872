import { open } from 'node:fs/promises';
import type { Cancelled, Failed, Running } from '../../engine.ts';

/** Into how many strips a frame is split, and which of them, from 1 on. */
export interface Strip {
  number: number;
  of: number;
}

const NODE = /^tile-([1-9]\d?)$/;

/** The strip that a node of the work renders; undefined if it renders none. */
export const stripOf = (node: string, of: number | undefined): Strip | undefined => {
  const number = Number(NODE.exec(node)?.[1] ?? 0);
  return of !== undefined && number >= 1 && number <= of ? { number, of } : undefined;
};

/** What stands in place of a strip, if the frame is rendered whole; the reason follows. */
export const WHOLE = 'whole: ';
const MAX_REASON_BYTES = 200;

/** All strips of a frame as files, or why it is rendered whole. */
export type Strips = { kind: 'strips'; files: string[] } | { kind: 'whole'; why: string };

const reasonIn = async (path: string): Promise<string | undefined> => {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(
    Buffer.alloc(MAX_REASON_BYTES),
    0,
    MAX_REASON_BYTES,
    0,
  );
  const text = buffer.toString('utf8', 0, bytesRead);
  return text.startsWith(WHOLE) ? text.slice(WHOLE.length) : undefined;
};

const taskOf = (frame: number, number: number): string => `tile-${number}/${frame}`;

/** Whether the mesh has all strips of a frame. */
export const hasStrips = (
  of: number,
  frame: number,
  { hasInput }: Pick<Running, 'hasInput'>,
): boolean => Array.from({ length: of }, (_, i) => taskOf(frame, i + 1)).every(hasInput);

/** Fetches all strips of a frame. */
export const fetchStrips = async (
  of: number,
  frame: number,
  running: Running,
): Promise<Strips | Failed | Cancelled> => {
  const files: string[] = [];
  for (let number = 1; number <= of; number += 1) {
    const input = await running.input(taskOf(frame, number));
    if (input.kind !== 'file') {
      return input;
    }
    const why = await reasonIn(input.file);
    if (why !== undefined) {
      return { kind: 'whole', why };
    }
    files.push(input.file);
  }
  return { kind: 'strips', files };
};
