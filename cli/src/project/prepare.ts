import { relative } from 'node:path';
import { RenderPhysics } from '#libs/contracts/common.ts';
import type { Invocation } from '../invocation.ts';
import { plural } from '../formats.ts';
import type { Fps } from '../workload/movie.ts';
import { displayName } from '../workload/upload.ts';
import { collect, type Collected } from './collect.ts';
import { inspect, type SceneChoice } from './inspect.ts';
import type { ProjectInput } from './input.ts';
import { type Allowance, checkInside, checkMissing } from './permitted.ts';
import { choosePhysics, type PhysicsChoice } from './physics.ts';
import { type PlacedFile, placeFiles } from './place-files.ts';

/** A scene that was found fit to render, with all files that go along. */
export interface Prepared {
  /** The .blend to open first. */
  files: readonly PlacedFile[];
  scene: string;
  frames: string;
  /** Paths of files that pictures can show and that are missing, which is allowed. */
  missing: readonly string[];
  physics: RenderPhysics;
  /** Whether the file is to become a movie, and the rate of one; unset if the file could not be read. */
  isMovie?: boolean;
  fps?: Fps;
  /** Whether people were told that frames are not in the format of the file. */
  isFormatTold?: boolean;
  /** That its frames are not split into tiles, and why. */
  whole?: string | undefined;
}

interface PrepareOptions extends SceneChoice, PhysicsChoice {
  /** Absolute paths outside of the project's folder from which files may go along. */
  include: readonly string[];
  allowMissing: Allowance;
  format: string;
}

/**
 * Looks through a project before a byte is sent. Throws what `inspect`, `checkInside`, `checkMissing`, `choosePhysics` and
 * `placeFiles` throw.
 */
export const prepareProject = async (
  { output }: Pick<Invocation, 'output'>,
  { main, folder }: Pick<ProjectInput, 'main' | 'folder'>,
  options: PrepareOptions,
): Promise<Prepared> => {
  const inspected = await inspect(main, options);
  const physics = choosePhysics(undefined, inspected?.frames ?? options.frames, options);
  const alone = { files: [{ path: displayName(main), source: main }], missing: [], physics };
  if (inspected === undefined) {
    return { ...alone, scene: options.scene, frames: options.frames };
  }
  const { instead, ...rest } = inspected;
  const isFormatTold = options.format === 'as-in-file' && instead !== undefined;
  if (isFormatTold) {
    output.note(instead);
  }
  const fit = { ...rest, isFormatTold };
  const scene = inspected.scene === '' ? undefined : inspected.scene;
  const collected = await collect({
    main,
    folder,
    scene,
    frames: inspected.frames,
  }).catch(() => undefined);
  if (collected === undefined) {
    output.note(`${main} could not be read to its end; the mesh judges it`);
    return { ...alone, ...fit };
  }
  await checkInside(collected, folder, options.include);
  checkMissing(collected.missing, options.allowMissing);
  tellFindings(output, collected, folder);
  const missing = collected.missing.map(({ path }) => path);
  const chosen = choosePhysics(collected.unbaked, inspected.frames, options);
  if (options.bake === true && chosen !== RenderPhysics.BAKE) {
    output.note('there is nothing to bake: no physics that changes, or it is baked already');
  }
  // A .blend that is alone goes under any name.
  const files = collected.files.length === 1 ? alone.files : placeFiles(collected.files);
  return { ...fit, files, missing, physics: chosen };
};

const MAX_TOLD = 3;

const tellFindings = (
  output: Invocation['output'],
  { files, unread }: Collected,
  folder: string,
): void => {
  for (const library of unread) {
    output.note(`${library} could not be read here; the mesh judges it`);
  }
  const moved = files.filter(({ isFixed, place, source }) => isFixed && place !== source);
  if (moved.length > 0) {
    const some = moved
      .slice(0, MAX_TOLD)
      .map(({ place, source }) => `${place} as ${relative(folder, source)}`);
    const more = moved.length > MAX_TOLD ? `, … ${moved.length} in all` : '';
    output.note(`took ${plural(moved.length, 'file')} from the project: ${some.join(', ')}${more}`);
  }
};
