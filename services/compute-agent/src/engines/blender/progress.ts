import type { Progress } from '../engine.ts';

/** `Fra:1 Mem:10M | Time:00:01 | Scene, ViewLayer | Sample 12/64`: what is going on stands last. */
const LINE = /^Fra:\d.*\| *([^|\n]+)\n/gm;
/** Cycles counts `Sample 12/64`, Eevee `Rendering 12 / 64 samples`. */
const COUNT = /(\d{1,9}) ?\/ ?(\d{1,9})/;
const MAX_CHARS = 200;

/** The latest that Blender said about the frame in a piece of its output; undefined where that is nothing. Half lines do not count. */
export const progressOf = (output: string): Progress | undefined => {
  const text = [...output.matchAll(LINE)].at(-1)?.[1]?.trim().slice(0, MAX_CHARS);
  if (text === undefined) return undefined;
  const [, done, all] = COUNT.exec(text) ?? [];
  return { text, fraction: done === undefined || !Number(all) ? undefined : Math.min(1, Number(done) / Number(all)) };
};
