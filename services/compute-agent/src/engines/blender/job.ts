import type { RenderWork } from '#libs/contracts/agent.ts';
import type { RenderSpec } from '#libs/contracts/common.ts';
import { durationFromProto } from '#libs/mesh/index.ts';
import { failed, type Failed, misunderstood } from '../engine.ts';
import type { Layout } from '../../project/layout.ts';
import type { Understood } from '../family.ts';
import type { WantedDevice } from './devices/device.ts';
import type { LayOut } from './physics/workspace.ts';

export const RENDER_ENGINES = ['CYCLES', 'BLENDER_EEVEE', 'BLENDER_WORKBENCH'] as const;
export type RenderEngine = (typeof RENDER_ENGINES)[number];

/** The format of the frames; `AS_IN_FILE`: the one that the file names. */
export type FrameFormat = 'PNG' | 'JPEG' | 'OPEN_EXR' | 'AS_IN_FILE';

/** A scene to render, and how. Fields that are left out keep the values of the file. */
export interface RenderJob {
  /** The .blend file on this machine, readable for everybody. */
  sceneFile: string;
  /** The project that the file is part of; undefined if it is alone. */
  project?: Layout;
  /** The name that its owner gave the file. */
  fileName?: string;
  /** The name of the scene; the current one by default. */
  scene?: string;
  /** The name of a camera of the scene. */
  camera?: string;
  /** The only view layer to render. */
  viewLayer?: string;
  engine?: RenderEngine;
  /** The version of Blender that renders all frames of the workload, as this machine offered it: `3.4.1`. */
  version?: string;
  /** Samples per pixel. */
  samples?: number;
  /** Percent of the file's resolution. */
  scalePercent?: number;
  format: FrameFormat;
  /** Whether to render if files that the scene refers to are missing. */
  allowMissing: boolean;
  /** Patterns of those that may be missing anyway, see `RenderSpec.allowed_missing`. */
  allowedMissing?: readonly string[];
  /** What becomes of physics that is not baked. Without it, it is rendered as it comes. */
  physics?: 'refuse' | 'bake' | 'in-order';
  /** The last frame of the workload, up to which physics is baked. */
  lastFrame?: number;
  /** Into how many strips frames are split; none by default. */
  tiles?: number;
  /** Whether frames are split only where the mesh finds that one machine needs long for one. */
  tilesIfSlow?: boolean;
  /** The graphics cards to render with; the processors by default. */
  device?: WantedDevice;
  /** The longest time for baking. */
  bakeTimeoutMs?: number;
  /** Makes the folder from which Blender opens the scene, and returns the .blend. Without it, Blender opens the scene's own file. */
  layOut?: LayOut;
  /** The longest time for one frame. */
  frameTimeoutMs: number;
  /** The longest time without a sign of progress; also for opening the scene. */
  progressTimeoutMs: number;
}

const FRAME_TIMEOUT_MS = 3_600_000;
const PROGRESS_TIMEOUT_MS = 600_000;
const BAKE_TIMEOUT_MS = 12 * 3_600_000;

const PHYSICS = {
  RENDER_PHYSICS_UNSPECIFIED: undefined,
  RENDER_PHYSICS_ALLOW_UNBAKED: undefined,
  RENDER_PHYSICS_REFUSE: 'refuse',
  RENDER_PHYSICS_BAKE: 'bake',
  RENDER_PHYSICS_IN_ORDER: 'in-order',
} as const;

const isEngine = (name: string): name is RenderEngine =>
  (RENDER_ENGINES as readonly string[]).includes(name);

const formatOf = ({ format }: RenderSpec): FrameFormat | undefined => {
  switch (format) {
    case 'RENDER_FORMAT_UNSPECIFIED':
    case 'RENDER_FORMAT_PNG':
      return 'PNG';
    case 'RENDER_FORMAT_JPEG':
      return 'JPEG';
    case 'RENDER_FORMAT_OPEN_EXR':
      return 'OPEN_EXR';
    case 'RENDER_FORMAT_AS_IN_FILE':
      return 'AS_IN_FILE';
    case 'UNRECOGNIZED':
      return undefined;
    default:
      return format satisfies never;
  }
};

const DEVICES = {
  RENDER_DEVICE_UNSPECIFIED: undefined,
  RENDER_DEVICE_CPU: undefined,
  RENDER_DEVICE_GPU: { withCpu: false },
  RENDER_DEVICE_BOTH: { withCpu: true },
} as const;

/** Reads the mesh's description of a scene to render. */
export const renderJobOf = ({
  spec: simple,
  stepwiseSpec,
  scene: file,
  project,
  version,
  lastFrame,
}: RenderWork): Understood<RenderJob> | Failed => {
  const spec = simple ?? stepwiseSpec;
  const scene = file ?? project;
  if (spec === undefined || scene === undefined) {
    return misunderstood('a render without a scene');
  }
  const { engine, samples, scalePercent, allowMissing, allowedMissing } = spec;
  const format = formatOf(spec);
  if (format === undefined) {
    return misunderstood('the file format');
  }
  if (spec.physics === 'UNRECOGNIZED') {
    return misunderstood('what becomes of the physics');
  }
  if (spec.device === 'UNRECOGNIZED') {
    return misunderstood('the device');
  }
  const physics = PHYSICS[spec.physics];
  const device = DEVICES[spec.device];
  const { deviceMemoryBytes } = spec;
  if (engine !== '' && !isEngine(engine)) {
    return failed('ENGINE_UNAVAILABLE', `this agent does not know the engine ${engine}`, {
      names: [engine],
    });
  }
  return {
    kind: 'understood',
    engine: engine === '' ? 'Blender' : engine,
    input: { kind: file === undefined ? 'project' : 'file', scene },
    job: (input) => ({
      sceneFile: input?.file ?? '',
      ...(input?.project && { project: input.project }),
      ...(scene.fileName === '' ? {} : { fileName: scene.fileName }),
      ...(spec.scene === '' ? {} : { scene: spec.scene }),
      ...(spec.camera === '' ? {} : { camera: spec.camera }),
      ...(spec.viewLayer === '' ? {} : { viewLayer: spec.viewLayer }),
      ...(engine === '' ? {} : { engine }),
      ...(version === '' ? {} : { version }),
      ...(samples === 0 ? {} : { samples }),
      ...(scalePercent === 0 ? {} : { scalePercent }),
      format,
      allowMissing,
      allowedMissing,
      ...(physics === undefined ? {} : { physics }),
      lastFrame,
      ...(spec.tiles === 0 ? {} : { tiles: spec.tiles, tilesIfSlow: spec.tilesIfSlow }),
      ...(device && { device: { ...device, deviceMemoryBytes } }),
      bakeTimeoutMs: durationFromProto(spec.bakeTimeout) ?? BAKE_TIMEOUT_MS,
      frameTimeoutMs: durationFromProto(spec.frameTimeout) ?? FRAME_TIMEOUT_MS,
      progressTimeoutMs: durationFromProto(spec.progressTimeout) ?? PROGRESS_TIMEOUT_MS,
    }),
  };
};
