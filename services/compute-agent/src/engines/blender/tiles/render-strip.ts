import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkPicture, pictureSize } from '#libs/pictures/index.ts';
import { sha256File } from '../../../files.ts';
import { completed, failed, type Outcome, type Running } from '../../engine.ts';
import { failureOfRefusal, failureOfTrouble } from '../failures.ts';
import { collect, type NotBegun } from '../frame.ts';
import type { RenderJob } from '../job.ts';
import { type Ready, type SceneOptions, workDirOf } from '../opening.ts';
import { answers } from '../renderer-protocol.ts';
import { type Strip, WHOLE } from './strips.ts';

/** Renders one strip of a frame, or makes what says why the frame is rendered whole. */
export const renderStrip = async (
  { renderer, facts }: Ready,
  frame: number,
  { number, of }: Strip,
  options: SceneOptions,
  job: RenderJob,
  running: Running,
): Promise<Outcome | NotBegun> => {
  const { clock, random } = options.renderer;
  const started = clock.monotonic();
  const name = `${frame}-${number}.exr`;
  const file = renderer.at(join(workDirOf(options), name));
  const patience = { timeoutMs: job.frameTimeoutMs, quietMs: job.progressTimeoutMs };
  const request = { do: 'tile', frame, number, of, file } as const;
  const reply = await renderer.ask(request, answers.tile, patience, running);
  const seconds = (clock.monotonic() - started) / 1_000;
  if (reply.kind === 'died' && !reply.begun) {
    return { kind: 'not-begun' };
  }
  if (reply.kind !== 'answered') {
    return failureOfTrouble(reply, renderer.log(), seconds);
  }
  const { answer } = reply;
  if (!answer.ok) {
    return failureOfRefusal(answer, renderer.log(), seconds);
  }
  const done = async (path: string, pixelHash: string): Promise<Outcome> =>
    completed({
      file: path,
      sha256: await sha256File(path),
      sizeBytes: (await stat(path)).size,
      pixelHash,
      seconds,
      notes: [],
    });
  if (answer.whole !== '') {
    await mkdir(options.picturesDir, { recursive: true });
    const path = join(options.picturesDir, `${random.id('p')}-${frame}-${number}.txt`);
    await writeFile(path, WHOLE + answer.whole);
    return done(path, '');
  }
  const picture = await collect(options, name);
  const { width } = pictureSize(facts);
  const expected = { width, height: answer.rows };
  const verdict = await checkPicture(options.decoder, picture, expected);
  if (verdict.kind === 'bad') {
    await Promise.all([renderer.end(), rm(picture, { recursive: true, force: true })]);
    return failed('PICTURE_INVALID', verdict.reason, { log: renderer.log(), seconds });
  }
  return done(picture, verdict.pixelHash);
};
