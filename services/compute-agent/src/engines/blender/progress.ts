import type { Progress } from '../engine.ts';

/** `Fra:1 Mem:10M | Time:00:00.21 | Scene, ViewLayer | Sample 12/64`: the current step stands last. */
const LINE = /^Fra:\d.*\| *([^|\n]+)$/gm;
/** Cycles counts `Sample 12/64`, Eevee `Rendering 12 / 64 samples`. */
const COUNT = /(\d{1,9}) ?\/ ?(\d{1,9})/;
const MAX_TEXT_CHARS = 200;
/** The bound for an incomplete line. A line about a frame is shorter. */
const MAX_REST_CHARS = 2_000;

const progressOf = (lines: string): Progress | undefined => {
  const text = [...lines.matchAll(LINE)].at(-1)?.[1]?.trim().slice(0, MAX_TEXT_CHARS);
  if (text === undefined) {
    return undefined;
  }
  const [, done, all] = COUNT.exec(text) ?? [];
  return {
    text,
    fraction:
      done === undefined || !Number(all) ? undefined : Math.min(1, Number(done) / Number(all)),
  };
};

/** Finds the latest line about a frame in Blender's output. Feed it with the output as it comes, in any pieces. */
export const progressReader = (
  onProgress: (progress: Progress) => void,
): ((piece: string) => void) => {
  let rest = '';
  return (piece) => {
    const end = piece.lastIndexOf('\n');
    if (end === -1) {
      rest = (rest + piece).slice(0, MAX_REST_CHARS);
      return;
    }
    const progress = progressOf(rest + piece.slice(0, end));
    rest = piece.slice(end + 1, end + 1 + MAX_REST_CHARS);
    if (progress !== undefined) {
      onProgress(progress);
    }
  };
};
