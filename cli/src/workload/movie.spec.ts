import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { before, describe, it } from 'mocha';
import sharp from 'sharp';
import { Result } from '#libs/contracts/session.ts';
import { needs, tempDir } from '#libs/testing/index.ts';
import { checkMovie, reelsOf, writeMovie } from './movie.ts';

const run = promisify(execFile);

describe('a film of frames', () => {
  before(needs('ffmpeg'));

  it('has all frames in order at the rate of the file, for pictures of any size', async () => {
    await using dir = await tempDir();
    const frames: string[] = [];
    for (const grey of [0, 120, 240]) {
      const path = join(dir.path, `frame_${grey}.png`);
      const background = { r: grey, g: grey, b: grey };
      await sharp({ create: { width: 33, height: 17, channels: 3, background } }).toFile(path);
      frames.push(path);
    }
    for (const extension of ['mp4', 'webm']) {
      const film = join(dir.path, `film.${extension}`);
      await writeMovie(frames, film, { count: 30, base: Math.fround(1.001) });
      const show = `-v error -count_frames -show_entries stream=r_frame_rate,nb_read_frames,width -of csv=p=0`;
      const { stdout } = await run('ffprobe', [...show.split(' '), film]);
      expect(stdout.trim(), extension).to.equal('34,30000/1001,3');
    }
  });

  it('is refused before anything starts if ffmpeg cannot write what its name ends in', async () => {
    for (const name of ['film.mp4', 'film.MKV', 'film.webm', 'film.gif']) {
      await checkMovie(name);
    }
    for (const name of ['film.xyz', 'film', 'film.png', 'film.wav']) {
      const error = await checkMovie(name).catch((thrown: unknown) => thrown);
      expect(error, name).to.include({ reason: 'USAGE' });
      expect(String(error), name).to.match(/--movie: .*; choose .*\.mp4/);
    }
  });

  it('fails with one sentence, and makes the folder where it goes', async () => {
    await using dir = await tempDir();
    const frame = join(dir.path, 'frame_0001.png');
    await sharp({ create: { width: 16, height: 16, channels: 3, background: 'red' } }).toFile(
      frame,
    );
    await writeMovie([frame], join(dir.path, 'films', 'a.mp4'), { count: 24, base: 1 });
    const damaged = join(dir.path, 'frame_0002.png');
    await writeFile(damaged, 'no picture');
    const error = await writeMovie([damaged], join(dir.path, 'b.mp4'), {
      count: 24,
      base: 1,
    }).catch((thrown: unknown) => thrown);
    expect(error).to.include({ reason: 'FILM_FAILED' });
    expect(String(error))
      .to.match(/ffmpeg: [^\n]+$/)
      .and.not.to.include('Command failed');
  });

  it('is one for each eye, and none of what nodes wrote', () => {
    const of = (frame: number) => ({
      result: Result.fromPartial({
        frame,
        ending: '_L.png',
        files: [{ ending: '_R.png' }, { ending: '.Passes-Image.exr' }],
      }),
      path: `${frame}_L.png`,
      further: [`${frame}_R.png`, `${frame}.Passes-Image.exr`],
    });
    expect(reelsOf([of(2), of(1)])).to.deep.equal([
      { suffix: '_L', frames: ['1_L.png', '2_L.png'] },
      { suffix: '_R', frames: ['1_R.png', '2_R.png'] },
    ]);
  });
});
