import type { Progress } from '../engine.ts';

/** `Fra:1 Mem:10M | Time:00:00.21 | Remaining:00:01.10 | Scene, ViewLayer | Sample 12/64`: the current step stands last. */
const isAboutFrame = (line: string): boolean => {
  const step = line.lastIndexOf('|') + 1;
  return step > 0 && step < line.length && /^Fra:\d/.test(line);
};
/** Hours stand there only if there are any: `01:02:03.45`, `02:03.45`. */
const REMAINING = /Remaining: ?(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2}(?:\.\d{1,3})?)/;
/** Cycles counts `Sample 12/64`, Eevee `Rendering 12 / 64 samples`. */
const COUNT = /(\d{1,9}) ?\/ ?(\d{1,9})/;
const MAX_TEXT_CHARS = 200;
/** The bound for an incomplete line. A line about a frame is shorter. */
const MAX_REST_CHARS = 2_000;

/** What Blender tells the driver's handler: `Remaining: 00:20.02 | Mem: 14M | Sample 1/64`. A line about a frame ends alike. */
export const progressOfMessage = (message: string): Progress => {
  const step = message.slice(message.lastIndexOf('|') + 1);
  const text = step.trim().slice(0, MAX_TEXT_CHARS);
  const [, done, all] = COUNT.exec(text) ?? [];
  const [remaining, hours = 0, minutes, seconds] = REMAINING.exec(message) ?? [];
  return {
    ...(remaining !== undefined && {
      remainingSeconds: Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds),
    }),
    text,
    fraction:
      done === undefined || !Number(all) ? undefined : Math.min(1, Number(done) / Number(all)),
  };
};

/** For Blenders that print what they do but tell no handler: finds the latest line about a frame in Blender's output. Feed it with the output as it comes, in any pieces. */
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
    const line = (rest + piece.slice(0, end)).split('\n').findLast(isAboutFrame);
    rest = piece.slice(end + 1, end + 1 + MAX_REST_CHARS);
    if (line !== undefined) {
      onProgress(progressOfMessage(line));
    }
  };
};
