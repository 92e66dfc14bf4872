import { execFile } from 'node:child_process';
import { mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { promisify } from 'node:util';
import { precondition } from '../failures.ts';
import type { Fetched } from './fetch.ts';

const run = promisify(execFile);

/** Pictures per second, as a fraction: 30 / 1.001 is 29.97. */
export interface Fps {
  count: number;
  base: number;
}

/** The frames of one film, in order, and what follows in its name: `_R` for one eye. */
interface Reel {
  suffix: string;
  frames: string[];
}

/** FAILED_PRECONDITION `FFMPEG_MISSING`: nobody can make a film here. */
const ffmpegMissing = (): Error =>
  precondition(
    'FFMPEG_MISSING',
    'ffmpeg, which makes films of frames, is not on this machine; install it (apt-get install ffmpeg), or leave --movie out',
  );

/** Throws `FFMPEG_MISSING`. */
export const checkFfmpeg = async (): Promise<void> => {
  await run('ffmpeg', ['-version']).catch(() => {
    throw ffmpegMissing();
  });
};

/** What is between the frame's number and the extension: `_L`. */
const suffixOf = (ending: string): string => ending.slice(0, -extname(ending).length);

/** The films that frames make: one, or one for each eye. The files of nodes make none. */
export const reelsOf = (fetched: Iterable<Fetched>): Reel[] => {
  const reels = new Map<string, string[]>();
  const inOrder = [...fetched].sort((a, b) => a.result.frame - b.result.frame);
  for (const { result, path, further } of inOrder) {
    const files = [
      { ending: result.ending, path },
      ...result.files.map(({ ending }, i) => ({ ending, path: further[i] ?? '' })),
    ];
    for (const file of files.filter(({ ending }, i) => i === 0 || ending.startsWith('_'))) {
      const suffix = suffixOf(file.ending);
      reels.set(suffix, [...(reels.get(suffix) ?? []), file.path]);
    }
  }
  return [...reels].map(([suffix, frames]) => ({ suffix, frames }));
};

/** ffmpeg's own choice for other endings is as good as any. */
const CODECS: Readonly<Record<string, string>> = {
  '.mp4': '-c:v libx264 -crf 18 -pix_fmt yuv420p -movflags +faststart',
  '.mov': '-c:v libx264 -crf 18 -pix_fmt yuv420p',
  '.mkv': '-c:v libx264 -crf 18 -pix_fmt yuv420p',
  '.webm': '-c:v libvpx-vp9 -crf 24 -b:v 0',
};

/** The codecs take no odd sizes. */
const EVEN = 'pad=ceil(iw/2)*2:ceil(ih/2)*2';
const FPS_SCALE = 1_000_000;
/** ffmpeg may need this long for one picture of a film. */
const MS_PER_PICTURE = 60_000;

/** Makes a film of pictures, one after the other. The ending of `target` says which kind. Throws `FFMPEG_MISSING`. */
export const writeMovie = async (
  frames: readonly string[],
  target: string,
  { count, base }: Fps,
): Promise<void> => {
  // Loads sharp, which nobody needs before the end.
  const { readable } = await import('./contact-sheet.ts');
  const folder = await mkdtemp(join(tmpdir(), 'muster-movie-'));
  const extension = extname(target);
  const draft = join(dirname(target), `.muster-movie-${process.pid}${extension}`);
  try {
    let kind = '';
    for (const [i, frame] of frames.entries()) {
      // A film can only be made of pictures that screens can show.
      const picture = await readable(frame);
      kind = typeof picture === 'string' ? extname(frame) : '.png';
      const link = join(folder, `${String(i + 1).padStart(8, '0')}${kind}`);
      await (typeof picture === 'string' ? symlink(picture, link) : writeFile(link, picture));
    }
    const rate = `${count * FPS_SCALE}/${Math.round(base * FPS_SCALE)}`;
    const args = [
      ...`-v error -nostdin -y -framerate ${rate} -i`.split(' '),
      join(folder, `%08d${kind}`),
      '-vf',
      EVEN,
      ...(CODECS[extension]?.split(' ') ?? []),
      draft,
    ];
    await run('ffmpeg', args, { timeout: frames.length * MS_PER_PICTURE });
    await rename(draft, target);
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw isMissing && 'syscall' in error && String(error.syscall).startsWith('spawn')
      ? ffmpegMissing()
      : error;
  } finally {
    await rm(draft, { force: true });
    await rm(folder, { recursive: true, force: true });
  }
};
