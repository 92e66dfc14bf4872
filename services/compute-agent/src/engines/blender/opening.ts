import { dirname, join, relative } from 'node:path';
import type { PictureDecoder } from '#libs/pictures/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import type { Place } from '../../project/places.ts';
import {
  type Given,
  isFreePlace,
  makeWorkDir,
  plainName,
  type Sandbox,
} from '#libs/sandbox/index.ts';
import { type Cancelled, failed, type Failed } from '../engine.ts';
import type { DeviceUse } from './devices/device.ts';
import { failureOfRefusal, failureOfTrouble } from './failures.ts';
import type { RenderEngine, RenderJob } from './job.ts';
import { answers, type SceneFacts } from './renderer-protocol.ts';
import { type Renderer, type RendererOptions, startRenderer } from './renderer.ts';

/** What a scene is rendered with. */
export interface SceneOptions {
  renderer: Omit<RendererOptions, 'readOnly' | 'workDir'>;
  /** Decodes the pictures of this scene and slot only. */
  decoder: PictureDecoder;
  /** The engines that were tried and work here. */
  engines: readonly RenderEngine[];
  /** The graphics cards to render with; the processors by default. */
  device?: DeviceUse | undefined;
  /** The version of Blender: `3.4.1`. */
  version: string;
  /** A folder for this scene and slot only. */
  folder: string;
  /** Where finished pictures go, out of the sandbox's reach. */
  picturesDir: string;
  logger: Logger;
}

/** A renderer that has a scene open. */
export interface Ready {
  kind: 'ready';
  renderer: Renderer;
  /** The .blend that is open, on this machine's disk. */
  sceneFile: string;
  facts: SceneFacts;
}

/** The only folder that renderers of this scene can write to. */
export const workDirOf = ({ folder }: SceneOptions): string => join(folder, 'work');

/** What a renderer of the job sees of this machine's disk, and which folders are not where the file says. */
const seenOf = (
  sandbox: Sandbox,
  { sceneFile, fileName, project }: RenderJob,
): { readOnly: Given[]; moved: Place[] } => {
  const file = { path: sceneFile, name: fileName ?? sceneFile };
  if (project === undefined) {
    return { readOnly: [file], moved: [] };
  }
  const isBound = ({ place }: Place): boolean => sandbox.kind !== 'none' && isFreePlace(place);
  const moved = project.places.filter((place) => !isBound(place));
  const readOnly = [
    { path: project.folder, name: 'project' },
    ...project.places.filter(isBound).map(({ place, path }) => ({ path, at: place })),
    ...moved.map(({ path }) => path),
  ];
  return { readOnly, moved };
};

/**
 * How pictures name the file that Blender opens: by its own name, or by its path inside the project. `opened` is
 * the path that Blender opens; `folder` is the part of it that pictures leave out.
 */
const namedAs = (
  { sceneFile, fileName, project }: RenderJob,
  opened: string,
): { folder: string; name: string } => {
  if (project === undefined) {
    return { folder: dirname(opened), name: plainName(fileName ?? sceneFile) };
  }
  const name = relative(project.folder, sceneFile);
  return { folder: opened.slice(0, -name.length), name };
};

/** The .blend that Blender opens, on this machine's disk. */
const sceneFileFor = async (
  options: SceneOptions,
  { sceneFile, layOut }: RenderJob,
  renderer: Renderer,
): Promise<string> => {
  if (layOut === undefined) {
    return sceneFile;
  }
  const { sandbox } = options.renderer;
  try {
    return await layOut(join(workDirOf(options), 'scene'), { sandbox, at: renderer.at });
  } catch (error) {
    await renderer.end();
    throw error;
  }
};

const openOnce = async (
  options: SceneOptions,
  job: RenderJob,
  signal: AbortSignal,
): Promise<Ready | Failed | Cancelled> => {
  const { clock, sandbox } = options.renderer;
  const workDir = workDirOf(options);
  await makeWorkDir(sandbox, workDir);
  const started = clock.monotonic();
  const { readOnly, moved } = seenOf(sandbox, job);
  const renderer = startRenderer({ ...options.renderer, workDir, readOnly });
  const patience = { timeoutMs: job.progressTimeoutMs, quietMs: job.progressTimeoutMs };
  const { scene: sceneName, camera, viewLayer, engine, samples, format, allowMissing } = job;
  const sceneFile = await sceneFileFor(options, job, renderer);
  const file = renderer.at(sceneFile);
  const named = namedAs(job, file);
  const request = {
    do: 'open',
    file,
    named,
    confined: sandbox.kind !== 'none',
    folder: renderer.at(workDir),
    scene: sceneName,
    camera,
    viewLayer,
    engine,
    samples,
    scale: job.scalePercent,
    format,
    allowMissing,
    allowedMissing: job.allowedMissing ?? [],
    moved: Object.fromEntries(moved.map(({ place, path }) => [place, renderer.at(path)])),
    physics: job.physics,
    tiles: job.tiles,
    device: options.device,
  } as const;
  const reply = await renderer.ask(request, answers.open, patience, { signal });
  const seconds = (clock.monotonic() - started) / 1_000;
  if (reply.kind !== 'answered') {
    return failureOfTrouble(reply, renderer.log(), seconds);
  }
  const { answer } = reply;
  if (answer.ok && options.engines.includes(answer.engine)) {
    return { kind: 'ready', renderer, sceneFile, facts: answer };
  }
  await renderer.end();
  return answer.ok
    ? failed('ENGINE_UNAVAILABLE', `${answer.engine} does not work on this machine`, {
        names: [answer.engine],
        seconds,
      })
    : failureOfRefusal(answer, renderer.log(), seconds);
};

const isDeath = (result: Ready | Failed | Cancelled): result is Failed =>
  result.kind === 'failed' && result.failureClass === 'RENDERER_DIED';

/**
 * Starts a renderer and opens the scene in it. If Blender, which was tried at the start, dies twice of the same file, the
 * file counts as unreadable.
 */
export const openRenderer = async (
  options: SceneOptions,
  job: RenderJob,
  signal: AbortSignal,
): Promise<Ready | Failed | Cancelled> => {
  const first = await openOnce(options, job, signal);
  if (!isDeath(first)) {
    return first;
  }
  options.logger.warn(
    { reason: first.reason },
    'Blender died while it opened a scene; the agent tries once more',
  );
  const second = await openOnce(options, job, signal);
  const reason = `Blender dies while it opens the file: ${first.reason}`;
  return isDeath(second) ? { ...second, failureClass: 'SCENE_UNREADABLE', reason } : second;
};
