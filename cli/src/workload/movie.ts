import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { promisify } from 'node:util';
import { isDomainError } from '#libs/errors/index.ts';
import { precondition, usage } from '../failures.ts';
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

const codecOf = (extension: string): string[] => CODECS[extension.toLowerCase()]?.split(' ') ?? [];

/** Runs ffmpeg. Throws `FFMPEG_MISSING`, and FAILED_PRECONDITION `FILM_FAILED` with the last line that it wrote. */
const ffmpeg = async (args: readonly string[], timeout: number): Promise<void> => {
  await run('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...args], { timeout }).catch(
    (error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
        throw ffmpegMissing();
      }
      const { stderr, killed } = error as { stderr: string; killed: boolean };
      const line = stderr.trim().split('\n').at(-1);
      const why = killed ? `it was not done in ${timeout / 1_000} s` : line || 'it did not say why';
      throw precondition('FILM_FAILED', `a film cannot be made by ffmpeg: ${why}`);
    },
  );
};

/** Far more than a film of two pictures needs. */
const TRIAL_TIMEOUT_MS = 60_000;

/**
 * Makes a film of two small pictures with the ending of `target`. Throws `FFMPEG_MISSING`, and INVALID_ARGUMENT `USAGE` if
 * that fails.
 */
export const checkMovie = async (target: string): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'muster-movie-'));
  const extension = extname(target);
  const film = join(folder, `trial${extension}`);
  const pictures = '-f lavfi -i color=size=64x64 -frames:v 2'.split(' ');
  try {
    await ffmpeg([...pictures, ...codecOf(extension), film], TRIAL_TIMEOUT_MS);
  } catch (error) {
    throw isDomainError(error) && error.reason === 'FILM_FAILED'
      ? usage(
          `--movie: ffmpeg makes no film here whose name ends in '${extension}'; choose one that ends in .mp4, .mov, .mkv or .webm`,
        )
      : error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** The codecs take no odd sizes. */
const EVEN = 'pad=ceil(iw/2)*2:ceil(ih/2)*2';
const FPS_SCALE = 1_000_000;
/** ffmpeg may need this long for one picture of a film. */
const MS_PER_PICTURE = 60_000;

/**
 * Makes a film of pictures, one after the other. The ending of `target` says which kind. Throws `FFMPEG_MISSING`,
 * `FILM_FAILED`.
 */
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
      ...`-framerate ${rate} -i`.split(' '),
      join(folder, `%08d${kind}`),
      '-vf',
      EVEN,
      ...codecOf(extension),
      draft,
    ];
    await mkdir(dirname(target), { recursive: true });
    await ffmpeg(args, frames.length * MS_PER_PICTURE);
    await rename(draft, target);
  } finally {
    await rm(draft, { force: true });
    await rm(folder, { recursive: true, force: true });
  }
};
