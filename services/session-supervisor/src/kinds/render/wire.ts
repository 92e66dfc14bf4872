import { indicesToText, parseIndices } from '#libs/indices/index.ts';
import { signGrant } from '#libs/auth/index.ts';
import {
  RenderDevice,
  RenderFormat,
  RenderOrder,
  RenderPhysics,
  type RenderSpec as ProtoRenderSpec,
} from '#libs/contracts/common.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import { durationToProto, type Violations } from '#libs/mesh/index.ts';
import type { KindWire } from '../kind-wire.ts';
import { clipped, specFields } from '../spec-fields.ts';
import { prepareRender } from './prepare.ts';
import type { Device, Physics, RenderSpec } from './render.ts';

const ENGINES = ['CYCLES', 'BLENDER_EEVEE', 'BLENDER_WORKBENCH'];
const MAX_NAME_BYTES = 258;
const DEFAULT_FRAME_TIMEOUT_MS = 3_600_000;
const DEFAULT_PROGRESS_TIMEOUT_MS = 600_000;
const MAX_TILES = 14;
/** The state of a workload keeps where each strip is. */
const MAX_STRIPS = 4_096;
const NO_TILES = { tiles: 0, tilesIfSlow: false };
const DEFAULT_BAKE_TIMEOUT_MS = 12 * 3_600_000;

/** Parses the specification of a render. `frames` is empty if the file determines them. Notes wrong fields in `wrong`. */
const parseRender = (spec: ProtoRenderSpec, wrong: Violations): RenderSpec => {
  const { check, text, span, budgets } = specFields('render', wrong);
  const isKnown = spec.engine === '' || ENGINES.includes(spec.engine);
  check(isKnown, 'engine', `must be one of ${ENGINES.join(', ')}, or empty`);
  check(spec.samples <= 65_536, 'samples', 'must be 1 to 65,536, or 0 for the file’s');
  check(spec.scalePercent <= 400, 'scale_percent', 'must be 1 to 400, or 0 for the file’s');
  check(spec.order !== RenderOrder.UNRECOGNIZED, 'order', 'is unknown');
  check(spec.format !== RenderFormat.UNRECOGNIZED, 'format', 'is unknown');
  check(spec.physics !== RenderPhysics.UNRECOGNIZED, 'physics', 'is unknown');
  const { tiles } = spec;
  check(
    tiles === 0 || (tiles >= 2 && tiles <= MAX_TILES),
    'tiles',
    `must be 0, or 2 to ${MAX_TILES}`,
  );
  const isPlayed = spec.physics === RenderPhysics.IN_ORDER;
  const isSplitAnyway = tiles > 0 && !spec.tilesIfSlow;
  check(!isSplitAnyway || !isPlayed, 'tiles', 'must be 0 if physics is played in order');
  checkDevice(spec, check);
  check(Buffer.byteLength(spec.scene) <= 64, 'scene', 'must be at most 64 bytes');
  const { allowedMissing } = spec;
  const isShort = allowedMissing.every((pattern) => Buffer.byteLength(pattern) <= 1_024);
  check(allowedMissing.length <= 64 && isShort, 'allowed_missing', 'at most 64 of 1,024 bytes');
  // Since 5.0 names have up to 258 bytes.
  for (const [field, name] of Object.entries({
    camera: spec.camera,
    view_layer: spec.viewLayer,
  })) {
    check(
      Buffer.byteLength(name) <= MAX_NAME_BYTES,
      field,
      `must be at most ${MAX_NAME_BYTES} bytes`,
    );
  }
  return {
    kind: 'render',
    frames: text('frames', spec.frames, (frames) => indicesToText(parseIndices(frames))),
    order: spec.order === RenderOrder.COARSE_FIRST ? 'coarse-first' : 'sequential',
    engine: spec.engine,
    samples: spec.samples,
    scalePercent: spec.scalePercent,
    format: formatOf(spec.format),
    scene: spec.scene,
    camera: spec.camera,
    viewLayer: spec.viewLayer,
    allowMissing: spec.allowMissing,
    allowedMissing,
    frameTimeoutMs: span('frame_timeout', spec.frameTimeout, DEFAULT_FRAME_TIMEOUT_MS),
    progressTimeoutMs: span('progress_timeout', spec.progressTimeout, DEFAULT_PROGRESS_TIMEOUT_MS),
    physics: physicsOf(spec.physics),
    bakeTimeoutMs: span('bake_timeout', spec.bakeTimeout, DEFAULT_BAKE_TIMEOUT_MS),
    ...(isPlayed || deviceOf(spec.device) !== 'cpu'
      ? NO_TILES
      : { tiles, tilesIfSlow: tiles > 0 && spec.tilesIfSlow }),
    device: deviceOf(spec.device),
    deviceMemoryBytes: spec.deviceMemoryBytes,
    ...budgets(spec),
  };
};

/** Notes what does not fit to the device. */
const checkDevice = (
  { device, deviceMemoryBytes, engine, tiles, tilesIfSlow }: ProtoRenderSpec,
  check: (isRight: boolean, field: string, text: string) => void,
): void => {
  check(device !== RenderDevice.UNRECOGNIZED, 'device', 'is unknown');
  if (deviceOf(device) === 'cpu') {
    check(deviceMemoryBytes === 0, 'device_memory_bytes', 'is for the devices GPU and BOTH');
    return;
  }
  const isCycles = engine === '' || engine === 'CYCLES';
  check(isCycles, 'device', `is for CYCLES; ${engine} always draws with what the machine has`);
  const isSplitAnyway = tiles > 0 && !tilesIfSlow;
  check(!isSplitAnyway, 'tiles', 'must be 0 on a GPU: strips of different ones would not fit');
};

const DEVICES: Readonly<Record<Device, RenderDevice>> = {
  cpu: RenderDevice.CPU,
  gpu: RenderDevice.GPU,
  both: RenderDevice.BOTH,
};

const deviceOf = (device: RenderDevice): Device => {
  const names = Object.keys(DEVICES) as Device[];
  return names.find((name) => DEVICES[name] === device) ?? 'cpu';
};

const FORMATS: Readonly<Partial<Record<RenderFormat, RenderSpec['format']>>> = {
  [RenderFormat.JPEG]: 'JPEG',
  [RenderFormat.OPEN_EXR]: 'OPEN_EXR',
  [RenderFormat.AS_IN_FILE]: 'AS_IN_FILE',
};

const formatOf = (format: RenderFormat): RenderSpec['format'] => FORMATS[format] ?? 'PNG';

const PHYSICS = {
  refuse: RenderPhysics.REFUSE,
  bake: RenderPhysics.BAKE,
  'in-order': RenderPhysics.IN_ORDER,
  'allow-unbaked': RenderPhysics.ALLOW_UNBAKED,
} as const satisfies Record<Physics, RenderPhysics>;

const physicsOf = (physics: RenderPhysics): Physics => {
  const names = Object.keys(PHYSICS) as Physics[];
  return names.find((name) => PHYSICS[name] === physics) ?? 'refuse';
};

const toProto = (spec: RenderSpec): ProtoRenderSpec => {
  const { kind: _, order, format, frameTimeoutMs, progressTimeoutMs, ...same } = spec;
  const { allowedMissing = [] } = spec;
  const { physics, bakeTimeoutMs, ...rest } = same;
  return {
    ...rest,
    tiles: spec.tiles ?? 0,
    tilesIfSlow: spec.tilesIfSlow ?? false,
    device: DEVICES[spec.device ?? 'cpu'],
    deviceMemoryBytes: spec.deviceMemoryBytes ?? 0,
    allowedMissing: [...allowedMissing],
    physics: physics === undefined ? RenderPhysics.UNSPECIFIED : PHYSICS[physics],
    bakeTimeout: bakeTimeoutMs === undefined ? undefined : durationToProto(bakeTimeoutMs),
    // A workload that an earlier version began has neither.
    camera: spec.camera ?? '',
    viewLayer: spec.viewLayer ?? '',
    order: order === 'coarse-first' ? RenderOrder.COARSE_FIRST : RenderOrder.SEQUENTIAL,
    format: RenderFormat[format],
    frameTimeout: durationToProto(frameTimeoutMs),
    progressTimeout: durationToProto(progressTimeoutMs),
  };
};

/** Throws INVALID_ARGUMENT `TOO_MANY_STRIPS`. Checked last, because the file may say which frames there are. */
const checkStrips = <P extends { spec: RenderSpec }>(prepared: P): P => {
  const { tiles = 0, tilesIfSlow = false, frames } = prepared.spec;
  const count = tiles * parseIndices(frames).count;
  if (count > MAX_STRIPS && tilesIfSlow) {
    // So many frames keep all users busy without being split.
    return { ...prepared, spec: { ...prepared.spec, ...NO_TILES } };
  }
  if (count > MAX_STRIPS) {
    throw new DomainError(
      status.INVALID_ARGUMENT,
      'TOO_MANY_STRIPS',
      `${count} strips are more than ${MAX_STRIPS}; tiles are for few frames that take long`,
      { strips: count },
    );
  }
  return prepared;
};

export const renderWire: KindWire<ProtoRenderSpec, RenderSpec> = {
  hasInput: true,
  parse: parseRender,
  prepare: async (...asked) => checkStrips(await prepareRender(...asked)),
  toProto: (spec) => ({ $case: 'render', value: toProto(spec) }),
  shortened: (spec) => ({ ...spec, frames: clipped(spec.frames) }),
  workOf: ({ spec, file, graph }, meshSecret) => {
    if (file === undefined) {
      throw new Error('a render has a file');
    }
    const { blob, sha256, sizeBytes, fileName, isProject = false } = file;
    return ({ machine, learnt: { engine, version } }) => {
      // The grant allows this machine to fetch the scene.
      const grant = Buffer.from(signGrant(meshSecret, { blob, machine }));
      const input = { blobName: blob, sha256, sizeBytes, grant, fileName };
      const told = { ...toProto(spec), frames: '', engine };
      if (spec.physics === 'refuse' && graph.nodes.at(-1)?.indices.count === 1) {
        // A single frame fits every other one.
        told.physics = RenderPhysics.ALLOW_UNBAKED;
      }
      const isStepwise = graph.nodes.length > 1;
      const value = {
        spec: isStepwise ? undefined : told,
        stepwiseSpec: isStepwise ? told : undefined,
        lastFrame: graph.nodes.at(-1)?.indices.last ?? 0,
        scene: isProject ? undefined : input,
        project: isProject ? input : undefined,
        version,
      };
      return { kind: { $case: 'render', value } };
    };
  },
};
