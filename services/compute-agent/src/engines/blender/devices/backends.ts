import type { DeviceBackend } from '#libs/contracts/agent.ts';

/** How Cycles drives a graphics card, by Blender's own name. */
export type Backend = 'OPTIX' | 'CUDA' | 'HIP' | 'ONEAPI';

interface BackendFacts {
  proto: DeviceBackend;
  /** Patterns of what it needs in /dev. */
  nodes: readonly string[];
  /** Patterns of the folders that its driver reads, beside /usr and /sys. */
  folders: readonly string[];
}

/** Windows' Linux has one node for every card. */
const WSL = '/dev/dxg';
const NVIDIA = ['/dev/nvidia*', WSL];

/**
 * The backends of Cycles on Linux. If a card has several, the first counts, which is the fastest one. (Metal is for macOS, where no
 * agent runs.)
 */
export const BACKENDS: Readonly<Record<Backend, BackendFacts>> = {
  OPTIX: { proto: 'DEVICE_BACKEND_OPTIX', nodes: NVIDIA, folders: [] },
  CUDA: { proto: 'DEVICE_BACKEND_CUDA', nodes: NVIDIA, folders: [] },
  HIP: {
    proto: 'DEVICE_BACKEND_HIP',
    nodes: ['/dev/kfd', '/dev/dri', WSL],
    folders: ['/opt/rocm*'],
  },
  ONEAPI: { proto: 'DEVICE_BACKEND_ONEAPI', nodes: ['/dev/dri', WSL], folders: [] },
};

export const backends = Object.keys(BACKENDS) as Backend[];
