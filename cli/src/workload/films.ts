import { extname } from 'node:path';
import { textOf } from '../failures.ts';
import { plural } from '../formats.ts';
import type { Invocation } from '../invocation.ts';
import type { Fetcher } from './fetch.ts';
import { type Fps, reelsOf, writeMovie } from './movie.ts';

/** A film to make of the frames of a workload; where there are several eyes, one of each. */
export interface Film {
  target: string;
  fps: Fps;
}

/** Answers whether all films were made. One that cannot be made is noted, because the frames are there. */
export const makeFilms = async (
  { output }: Invocation,
  fetcher: Fetcher | undefined,
  { target, fps }: Film,
): Promise<boolean> => {
  let isDone = true;
  const extension = extname(target);
  for (const { suffix, frames } of reelsOf(fetcher?.fetched.values() ?? [])) {
    const file = `${target.slice(0, target.length - extension.length)}${suffix}${extension}`;
    try {
      await writeMovie(frames, file, fps);
      const rate = Math.round((100 * fps.count) / fps.base) / 100;
      output.text(
        `a film of ${plural(frames.length, 'frame')}, ${rate} per second, without sound: ${file}`,
      );
      output.json({ event: 'movie', file, frames: frames.length });
    } catch (error) {
      isDone = false;
      output.note(`no film ${file}: ${textOf(error)}`);
      output.json({ event: 'movie', file, reason: textOf(error) });
    }
  }
  return isDone;
};
