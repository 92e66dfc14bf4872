import type { Device } from '#libs/contracts/agent.ts';
import { isEnough } from '#libs/engines/index.ts';
import type { Hardware } from '#libs/sandbox/index.ts';
import { type Backend, BACKENDS, backends } from './backends.ts';

/** A graphics card with which Cycles of one Blender works. */
export interface BlenderDevice {
  backend: Backend;
  /** Cycles' own name for the card and its place: `CUDA_NVIDIA GeForce RTX 3090_0000:01:00_OptiX`. */
  id: string;
  /** For people. */
  name: string;
  /** The whole memory; 0 if nobody knows. */
  memoryBytes: number;
}

/** The graphics cards that a job wants to be rendered with. */
export interface WantedDevice {
  /** Whether the processors take part. */
  withCpu: boolean;
  /** The least memory of each card for one task; 0: any. */
  deviceMemoryBytes: number;
}

/** The graphics cards that a renderer computes with, as the driver takes it. */
export interface DeviceUse {
  backend: Backend;
  ids: readonly string[];
  withCpu: boolean;
}

/** Where a renderer finds its graphics cards. */
export interface RenderingDevice {
  kind: 'device';
  use: DeviceUse;
  hardware: Hardware;
}

const MAX_NAME_CHARS = 128;

/** The cards that a task may use when `slots` tasks share each of them. */
const shared = (devices: readonly BlenderDevice[], slots: number): BlenderDevice[] =>
  devices.map((device) => ({ ...device, memoryBytes: Math.floor(device.memoryBytes / slots) }));

/** How the mesh is told of graphics cards. */
export const offersOf = (devices: readonly BlenderDevice[], slots: number): Device[] =>
  shared(devices, slots).map(({ backend, name, memoryBytes }) => ({
    backend: BACKENDS[backend].proto,
    name:
      name
        .replaceAll(/\p{Cc}/gu, '')
        .slice(0, MAX_NAME_CHARS)
        .toWellFormed() || backend,
    memoryBytes,
  }));

/** All cards with enough memory, of the best backend that has one; undefined if none has. */
export const chooseDevices = (
  devices: readonly BlenderDevice[],
  slots: number,
  wanted: WantedDevice,
): DeviceUse | undefined => {
  const fit = shared(devices, slots).filter((device) => isEnough(device, wanted));
  const backend = backends.find((each) => fit.some((device) => device.backend === each));
  return (
    backend && {
      backend,
      ids: fit.filter((device) => device.backend === backend).map(({ id }) => id),
      withCpu: wanted.withCpu,
    }
  );
};
