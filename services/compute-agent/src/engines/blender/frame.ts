import { copyFile, mkdir, rename, rm, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { sha256File } from '../../files.ts';
import { BadPicture, checkPicture, pictureSize } from '#libs/pictures/index.ts';
import { completed, failed, type FurtherFile, type Outcome, type Running } from '../engine.ts';
import { failureOfRefusal, failureOfTrouble, failureOn } from './failures.ts';
import type { RenderJob } from './job.ts';
import { type Ready, type SceneOptions, workDirOf } from './opening.ts';
import { answers, isOfNode, type SceneFacts } from './renderer-protocol.ts';
import type { Strips } from './tiles/strips.ts';

/** Moves a picture, if there is one, out of the sandbox's reach, because the sandbox could change it after the check. */
export const collect = async (options: SceneOptions, name: string): Promise<string> => {
  await mkdir(options.picturesDir, { recursive: true });
  const file = join(options.picturesDir, `${options.renderer.random.id('p')}-${name}`);
  await rename(join(workDirOf(options), name), file).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) {
      throw error;
    }
  });
  return file;
};

/** Copies strips to where a renderer sees them. Returns their paths as it sees them. */
const takeIn = async (
  files: readonly string[],
  options: SceneOptions,
  { at }: Ready['renderer'],
): Promise<string[]> => {
  const paths = files.map((_, i) => join(workDirOf(options), `strip-${i + 1}.exr`));
  for (const [i, path] of paths.entries()) {
    await copyFile(files[i] ?? '', path);
  }
  return paths.map(at);
};

/** A frame that takes longer is expected to be split where the customer left that to the mesh. */
const SLOW_SECONDS = 60;

/** Why a frame that the mesh might have split is whole; undefined if nobody expects it to be split, as with other engines. */
export const whyWhole = (
  { engine, whole }: Pick<SceneFacts, 'engine' | 'whole'>,
  { tilesIfSlow = false }: Pick<RenderJob, 'tilesIfSlow'>,
  seconds: number,
): string | undefined =>
  tilesIfSlow && engine === 'CYCLES' && seconds > SLOW_SECONDS && whole !== '' ? whole : undefined;

/** An agent keeps so much of the log of a frame that is done. */
const MAX_LOG_CHARS = 64 * 1_024;

/**
 * Takes over the files of a frame and checks each of them. The first is the picture; those that nodes wrote may have any size.
 * Throws BadPicture, and keeps no file then.
 */
const takePictures = async (
  wrote: readonly { name: string; ending: string }[],
  facts: SceneFacts,
  options: SceneOptions,
): Promise<{
  files: [FurtherFile, ...FurtherFile[]];
  isUniform: boolean;
  preview: Uint8Array | undefined;
}> => {
  const taken: string[] = [];
  const files: FurtherFile[] = [];
  let isUniform = false;
  let preview: Uint8Array | undefined;
  try {
    for (const { name, ending } of wrote) {
      const file = await collect(options, name);
      taken.push(file);
      const expected = isOfNode(name) ? undefined : pictureSize(facts);
      const wantsPreview = preview === undefined;
      const verdict = await checkPicture(options.decoder, file, expected, wantsPreview);
      if (verdict.kind === 'bad') {
        throw new BadPicture(files.length === 0 ? verdict.reason : `${ending}: ${verdict.reason}`);
      }
      preview ??= verdict.preview;
      isUniform ||= expected !== undefined && verdict.uniform;
      const { size: sizeBytes } = await stat(file);
      const { pixelHash } = verdict;
      files.push({ file, sha256: await sha256File(file), sizeBytes, pixelHash, ending });
    }
  } catch (error) {
    await Promise.all(taken.map((file) => rm(file, { recursive: true, force: true })));
    throw error;
  }
  const [first, ...more] = files;
  if (first === undefined) {
    throw new BadPicture('there is no picture');
  }
  return { files: [first, ...more], isUniform, preview };
};

/** The renderer died before it began the frame, so the frame is not at fault. */
export interface NotBegun {
  kind: 'not-begun';
}

/** Renders one frame, or puts its strips together, and checks the picture. It ends a renderer that hung, lied or ran out of memory. */
export const renderFrame = async (
  { renderer, facts }: Ready,
  frame: number,
  options: SceneOptions,
  job: RenderJob,
  running: Running,
  strips?: Strips,
): Promise<Outcome | NotBegun> => {
  const { clock } = options.renderer;
  const started = clock.monotonic();
  const folder = renderer.at(workDirOf(options));
  const patience = { timeoutMs: job.frameTimeoutMs, quietMs: job.progressTimeoutMs };
  const tiles =
    strips?.kind === 'strips' ? await takeIn(strips.files, options, renderer) : undefined;
  const request =
    tiles === undefined
      ? ({ do: 'render', frame, folder } as const)
      : ({ do: 'merge', frame, folder, tiles } as const);
  const canSplit = strips === undefined && job.tilesIfSlow === true && facts.whole === '';
  const asking: Running = canSplit
    ? { ...running, progress: (made) => running.progress({ ...made, canSplit }) }
    : running;
  const reply = await renderer.ask(request, answers.render, patience, asking);
  const seconds = (clock.monotonic() - started) / 1_000;
  if (reply.kind === 'died' && !reply.begun) {
    return { kind: 'not-begun' };
  }
  if (reply.kind !== 'answered') {
    return failureOfTrouble(reply, renderer.log(), seconds);
  }
  const { answer } = reply;
  if (!answer.ok) {
    const failure = failureOn(facts.device, failureOfRefusal(answer, renderer.log(), seconds));
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
  const { engine, device } = facts;
  const used = { engine, version: options.version, device };
  const why = strips?.kind === 'whole' ? strips.why : whyWhole(facts, job, seconds);
  try {
    const { files, isUniform, preview } = await takePictures(answer.files, facts, options);
    const [{ ending, ...picture }, ...further] = files;
    return completed({
      ...picture,
      ...(ending !== extname(picture.file) && { ending }),
      ...(further.length > 0 && { files: further }),
      seconds,
      notes: [
        ...answer.notes,
        ...(why === undefined ? [] : [`not split into tiles: ${why}`]),
        ...(tiles !== undefined && job.tilesIfSlow === true
          ? [`split into ${tiles.length} tiles, because it takes one machine over a minute`]
          : []),
        ...(isUniform ? ['picture of one colour'] : []),
      ],
      used,
      ...(preview !== undefined && { preview }),
      log: renderer.newLog().slice(-MAX_LOG_CHARS),
    });
  } catch (error) {
    if (!(error instanceof BadPicture)) {
      throw error;
    }
    await renderer.end();
    return failed('PICTURE_INVALID', error.message, { log: renderer.log(), seconds });
  }
};
