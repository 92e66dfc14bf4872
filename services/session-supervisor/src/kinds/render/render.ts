import { indicesBetween, parseIndices } from '#libs/indices/index.ts';
import { createGraph, type TaskEdge, type TaskNode } from '../../domain/graph/task-graph.ts';
import { faultOf } from '../faults.ts';
import type { Budgets, Kind, Order } from '../kind.ts';

/** The specification of a render, with defaults filled in. An empty or 0 field means the file's own value. */
export interface RenderSpec extends Budgets {
  kind: 'render';
  /** An index expression in normal form. */
  frames: string;
  order: Order;
  engine: string;
  samples: number;
  scalePercent: number;
  format: 'PNG' | 'JPEG' | 'OPEN_EXR' | 'AS_IN_FILE';
  scene: string;
  camera: string;
  viewLayer: string;
  allowMissing: boolean;
  /** Patterns; unset in workloads of older builds. */
  allowedMissing?: readonly string[];
  frameTimeoutMs: number;
  progressTimeoutMs: number;
  /** Unset in workloads of builds that did not know of it; then as `allow-unbaked`. */
  physics?: Physics;
  bakeTimeoutMs?: number;
  /** Into how many strips each frame is split; unset or 0: none. */
  tiles?: number;
  /** The strips sleep until a frame turns out to take long. */
  tilesIfSlow?: boolean;
  /** What Cycles computes with; unset: `cpu`. */
  device?: Device;
  /** The least memory of a graphics card; unset or 0: any. */
  deviceMemoryBytes?: number;
}

/** See muster.common.v1.RenderDevice. */
export type Device = 'cpu' | 'gpu' | 'both';

/** What becomes of physics that is not baked; see muster.common.v1.RenderPhysics. */
export type Physics = 'refuse' | 'bake' | 'in-order' | 'allow-unbaked';

const FRAMES = 'frames';
const BAKE = 'bake';
const TILE = 'tile-';

/** With the format of the file, the machine finds out which of these it is. */
const EXTENSIONS: Readonly<Record<RenderSpec['format'], readonly string[]>> = {
  PNG: ['png'],
  JPEG: ['jpg'],
  OPEN_EXR: ['exr'],
  AS_IN_FILE: ['png', 'jpg', 'exr', 'tif', 'webp'],
};

const ENGINE = /^[A-Z0-9_]{1,64}$/;
const MIB = 2 ** 20;

/** The device that a machine must have. Only Cycles computes with one that can be chosen. */
const deviceNeeds = ({ device = 'cpu', deviceMemoryBytes = 0 }: RenderSpec, engine: string) => {
  const isWanted = device !== 'cpu' && (engine === '' || engine === 'CYCLES');
  return { device: isWanted, deviceMemoryBytes: isWanted ? deviceMemoryBytes : 0 };
};

/** Goes on after what a machine needs: ` and a GPU that Cycles can use`. */
const deviceWords = (spec: RenderSpec, engine: string): string => {
  const { device, deviceMemoryBytes } = deviceNeeds(spec, engine);
  if (!device) {
    return '';
  }
  const mib = Math.ceil(deviceMemoryBytes / MIB);
  const size = mib < 1_024 ? `${mib} MiB` : `${Number((mib / 1_024).toFixed(1))} GiB`;
  return deviceMemoryBytes === 0
    ? ' and a GPU that Cycles can use'
    : ` and a GPU with ${size} of memory that Cycles can use`;
};

/** The frames of a Blender scene. */
export const render: Kind<RenderSpec> = {
  graphOf: ({ frames, physics, tiles = 0, tilesIfSlow = false }) => {
    const indices = parseIndices(frames);
    const baking: TaskNode = {
      id: BAKE,
      indices: indicesBetween(0, 0),
      after: [],
      isInner: true,
    };
    const before = physics === 'bake' ? [baking] : [];
    const after = before.map(({ id }): TaskEdge => ({ node: id, isShared: true, on: 'success' }));
    const strips = Array.from({ length: tiles }, (_, i): TaskNode => ({
      id: `${TILE}${i + 1}`,
      indices,
      after,
      isInner: true,
      ...(tilesIfSlow && { sleeps: true }),
    }));
    const merged = strips.map(({ id }): TaskEdge => ({ node: id, on: 'success' }));
    return createGraph([
      ...before,
      ...strips,
      { id: FRAMES, indices, after: [...after, ...merged] },
    ]);
  },
  hasGates: () => false,
  makesCheckpoints: () => false,
  orderOf: ({ order }) => order,
  chosenEngine: ({ engine }) => engine,
  engineNeeds: (spec, file, { engine, version }) => ({
    ...deviceNeeds(spec, engine),
    family: 'blender',
    engine,
    minVersion: file?.blenderVersion ?? '',
    exactVersion: version,
  }),
  // Different versions render different pictures, which would show in an animation.
  keepsOneVersion: true,
  faultOf,
  // The head of a .blend does not name its engine. Machines that lack the engine report it.
  engineLearnt: (failureClass, [named = '']) =>
    failureClass === 'ENGINE_UNAVAILABLE' && ENGINE.test(named) ? named : '',
  mayCopy: () => true,
  resultExtensions: ({ format }, node) => {
    if (node === BAKE) {
      return ['tar'];
    }
    // A strip, or the reason why there is none.
    return node.startsWith(TILE) ? ['exr', 'txt'] : EXTENSIONS[format];
  },
  // Bakes and strips only serve frames, which are checked.
  checkOf: ({ scene, scalePercent }, node) =>
    node === FRAMES ? { kind: 'picture', scene, scalePercent } : { kind: 'none' },
  knownDigest: () => undefined,
  tasksFailed: 'FRAMES_FAILED',
  rejected: 'RESULT_REJECTED',
  machineWords: (spec, file, { engine, version }) => {
    const what = engine || 'Blender';
    const device = deviceWords(spec, engine);
    if (file === undefined) {
      return what + device;
    }
    return version === ''
      ? `${what} ${file.blenderVersion} or later${device}`
      : `${what} ${version}${device}, with which its frames are rendered since the first one`;
  },
};
