import { DomainError, isDomainError, status } from '#libs/errors/index.ts';
import {
  openSource,
  readBlendFile,
  type Scenes,
  type SceneSettings,
  scenesOf,
} from '#libs/blend/index.ts';
import { checkDeviceOf, type DeviceOptions } from '../workload/device.ts';
import { inputUnreadable } from '../failures.ts';
import { formatNote } from './format-note.ts';

/** The engines of the mesh, by the names that Blender's versions have for them. */
const ENGINES: ReadonlySet<string> = new Set([
  'CYCLES',
  'BLENDER_EEVEE',
  'BLENDER_EEVEE_NEXT',
  'BLENDER_WORKBENCH',
  // Those of 2.7, in whose place Blender takes Eevee, and of files that name none.
  'BLENDER_RENDER',
  'BLENDER_GAME',
  '',
]);

/** INVALID_ARGUMENT `SCENE_UNKNOWN`: the file has no scene of that name. */
export const sceneUnknown = (name: string, { scenes }: Scenes): DomainError =>
  new DomainError(
    status.INVALID_ARGUMENT,
    'SCENE_UNKNOWN',
    `the file has no scene ${name}; choose one of: ${scenes.map((scene) => scene.name).join(', ')}`,
    { scene: name },
  );

/** INVALID_ARGUMENT `NO_CAMERA`: every frame would fail. */
export const noCamera = (scene: string): DomainError =>
  new DomainError(
    status.INVALID_ARGUMENT,
    'NO_CAMERA',
    `the scene ${scene} has no active camera; set one in Blender (View > Cameras > Set Active Object as Camera) and save`,
    { scene },
  );

/** INVALID_ARGUMENT `ENGINE_UNKNOWN`: the file wants an engine that no machine of a mesh has, for example an add-on's. */
export const engineUnknown = (engine: string): DomainError =>
  new DomainError(
    status.INVALID_ARGUMENT,
    'ENGINE_UNKNOWN',
    `the file wants the engine ${engine}, which the mesh does not know; choose one with --engine CYCLES`,
    { engine },
  );

/** INVALID_ARGUMENT `CAMERA_UNKNOWN`: the scene has no camera of that name. */
export const cameraUnknown = (
  name: string,
  scene: string,
  cameras: readonly string[],
): DomainError =>
  new DomainError(
    status.INVALID_ARGUMENT,
    'CAMERA_UNKNOWN',
    `the scene ${scene} has no camera ${name}; ${cameras.length === 0 ? 'it has none' : `choose one of: ${cameras.join(', ')}`}`,
    { scene, camera: name },
  );

/** INVALID_ARGUMENT `VIEW_LAYER_UNKNOWN`: the scene has no view layer of that name. */
export const viewLayerUnknown = (
  name: string,
  { name: scene, viewLayers }: SceneSettings,
): DomainError =>
  new DomainError(
    status.INVALID_ARGUMENT,
    'VIEW_LAYER_UNKNOWN',
    `the scene ${scene} has no view layer ${name}; choose one of: ${viewLayers.join(', ')}`,
    { scene, viewLayer: name },
  );

/** The scene that is to be rendered; undefined if it is a linked one, which only its library describes. Throws `SCENE_UNKNOWN`. */
const chosen = (all: Scenes, name: string): SceneSettings | undefined => {
  const wanted = name === '' ? all.current : name;
  const scene = all.scenes.find((each) => each.name === wanted);
  if (scene === undefined && name !== '' && !all.linked.includes(name)) {
    throw sceneUnknown(name, all);
  }
  return scene;
};

/** What a customer asks of a scene. Empty texts mean what the file says. */
export interface SceneChoice {
  scene: string;
  engine: string;
  frames: string;
  camera: string;
  viewLayer: string;
  device: DeviceOptions['device'];
}

/** A scene that was found fit to render, empty for the only one, and its frames as an expression. */
export interface Inspected {
  scene: string;
  frames: string;
  /** What frames are instead of what the file names, for people; undefined if they are as it says. */
  instead: string | undefined;
  isMovie: boolean;
  fps: SceneSettings['fps'];
  /** That its frames are not split into tiles, and why; undefined if the file does not say so. */
  whole: string | undefined;
}

/** A sentence. Agents look at more, for example at physics: what they find is told with each frame. */
const whyWhole = (scene: SceneSettings, engine: string): string | undefined => {
  if ((engine || scene.engine) !== 'CYCLES') {
    return 'frames will not be split into tiles: only Cycles makes the same pixels in strips';
  }
  if (scene.hasStrips) {
    return 'frames will not be split into tiles: the scene has strips of the sequencer';
  }
  // A Blender without a denoiser splits them.
  return scene.isDenoised
    ? 'frames may not be split into tiles: the scene is denoised, and a machine that can denoise renders it whole'
    : undefined;
};

/**
 * Looks through a .blend before it is sent. Undefined if it cannot be read as far as that; then the mesh judges it. Throws
 * `SCENE_UNKNOWN`, `CAMERA_UNKNOWN`, `VIEW_LAYER_UNKNOWN`, `NO_CAMERA`, `ENGINE_UNKNOWN`, and `USAGE` if its engine does not
 * fit to the device.
 */
export const inspect = async (
  path: string,
  choice: SceneChoice,
): Promise<Inspected | undefined> => {
  await using source = await openSource(path).catch((error: unknown) => {
    throw inputUnreadable(path, String(error), error);
  });
  const all = await readBlendFile(source)
    .then(scenesOf)
    .catch((error: unknown) => {
      if (isDomainError(error)) {
        // A folder or a zip file does not say which of its files it is about.
        const { code, reason, message, metadata } = error;
        throw new DomainError(code, reason, `${path}: ${message}`, metadata);
      }
      return undefined;
    });
  const scene = all && chosen(all, choice.scene);
  if (scene === undefined) {
    return undefined;
  }
  const { cameras, viewLayers } = scene;
  if (choice.camera !== '' && cameras?.includes(choice.camera) === false) {
    throw cameraUnknown(choice.camera, scene.name, cameras);
  }
  if (choice.viewLayer !== '' && viewLayers.length > 0 && !viewLayers.includes(choice.viewLayer)) {
    throw viewLayerUnknown(choice.viewLayer, scene);
  }
  const isComposed = scene.hasStrips || scene.hasCompositor;
  const hasCamera = choice.camera !== '' || scene.camera !== undefined;
  if (!hasCamera && !scene.hasCameraMarkers && !isComposed) {
    throw noCamera(scene.name);
  }
  if (choice.engine === '' && !ENGINES.has(scene.engine)) {
    throw engineUnknown(scene.engine);
  }
  checkDeviceOf(choice.device, choice.engine || scene.engine);
  const { firstFrame, lastFrame, frameStep, isMovie, fps } = scene;
  const range = firstFrame === lastFrame ? `${firstFrame}` : `${firstFrame}-${lastFrame}`;
  return {
    // The head of a file with one scene to render need not name it.
    scene: choice.scene || (all !== undefined && all.scenes.length > 1 ? scene.name : ''),
    frames: choice.frames || (frameStep === 1 ? range : `${range}x${frameStep}`),
    instead: formatNote(scene),
    isMovie,
    fps,
    whole: whyWhole(scene, choice.engine),
  };
};
