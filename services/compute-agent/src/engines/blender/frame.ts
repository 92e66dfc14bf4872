import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256File } from '../../files.ts';
import type { Pixels } from './pictures/pixels.ts';
import { previewOf } from './pictures/preview.ts';
import { verifyPicture } from './pictures/verify.ts';
import { completed, failed, type Outcome, type Running } from '../engine.ts';
import { failureOfRefusal, failureOfTrouble } from './failures.ts';
import { EXTENSIONS, type RenderJob } from './job.ts';
import { type Ready, type SceneOptions, workDirOf } from './opening.ts';
import { answers, pictureSize } from './renderer-protocol.ts';

/** Moves a picture, if there is one, out of the sandbox's reach, because the sandbox could change it after the check. */
const collect = async (options: SceneOptions, name: string): Promise<string> => {
  await mkdir(options.picturesDir, { recursive: true });
  const file = join(options.picturesDir, `${options.renderer.random.id('p')}-${name}`);
  await rename(join(workDirOf(options), name), file).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) {
      throw error;
    }
  });
  return file;
};

/** Of the log of a frame that is done. */
const MAX_LOG_CHARS = 64 * 1_024;

/** The renderer died before it began the frame, so the frame is not at fault. */
export interface NotBegun {
  kind: 'not-begun';
}

/** Renders one frame and checks the picture. It ends a renderer that hung, lied or ran out of memory. */
export const renderFrame = async (
  { renderer, facts }: Ready,
  frame: number,
  options: SceneOptions,
  job: RenderJob,
  running: Running,
): Promise<Outcome | NotBegun> => {
  const { clock, sandbox } = options.renderer;
  const started = clock.monotonic();
  const name = `${frame}.${EXTENSIONS[job.format]}`;
  const file = renderer.at(join(workDirOf(options), name));
  const patience = { timeoutMs: job.frameTimeoutMs, quietMs: job.progressTimeoutMs };
  const request = { do: 'render', frame, file } as const;
  const reply = await renderer.ask(request, answers.render, patience, running);
  const seconds = (clock.monotonic() - started) / 1_000;
  if (reply.kind === 'died' && !reply.begun) {
    return { kind: 'not-begun' };
  }
  if (reply.kind !== 'answered') {
    return failureOfTrouble(reply, renderer.log(), seconds);
  }
  const { answer } = reply;
  if (!answer.ok) {
    const failure = failureOfRefusal(answer, renderer.log(), seconds);
    if (failure.failureClass === 'OUT_OF_MEMORY') {
      await renderer.end();
    }
    return failure;
  }
  if (answer.frame !== frame) {
    await renderer.end();
    const reason = `the renderer was asked for frame ${frame} and answered for ${answer.frame}`;
    return failed('RENDER_ERROR', reason, { log: renderer.log(), seconds });
  }
  const picture = await collect(options, name);
  const expected = { format: job.format, ...pictureSize(facts) };
  let pixels: Pixels | undefined;
  const onPixels = (decoded: Pixels): void => {
    pixels = decoded;
  };
  const verdict = await verifyPicture(picture, expected, { sandbox, clock, onPixels });
  if (verdict.kind === 'bad') {
    await Promise.all([renderer.end(), rm(picture, { recursive: true, force: true })]);
    return failed('PICTURE_INVALID', verdict.reason, { log: renderer.log(), seconds });
  }
  // The frame counts without one.
  const preview = pixels && (await previewOf(pixels).catch(() => undefined));
  return completed({
    file: picture,
    sha256: await sha256File(picture),
    sizeBytes: (await stat(picture)).size,
    pixelHash: verdict.pixelHash,
    seconds,
    notes: [...answer.notes, ...(verdict.uniform ? ['picture of one colour'] : [])],
    ...(preview !== undefined && { preview }),
    log: renderer.newLog().slice(-MAX_LOG_CHARS),
  });
};
