import { Option } from 'commander';
import type { Engine } from '#libs/contracts/agent.ts';
import { RenderDevice, type RenderSpec } from '#libs/contracts/common.ts';
import { usage } from '../failures.ts';
import { formatBytes, printable } from '../formats.ts';
import { parseSize } from '../options.ts';
import type { Tiles } from './tiles.ts';

const choices = {
  cpu: RenderDevice.CPU,
  gpu: RenderDevice.GPU,
  both: RenderDevice.BOTH,
} as const;

/** What Cycles computes with. */
export interface DeviceOptions {
  device: keyof typeof choices;
  /** Bytes. */
  deviceMemory?: number;
}

export const deviceOption = (): Option =>
  new Option(
    '--device <device>',
    'what Cycles computes with, whatever the file says: cpu, so that frames of all machines fit together; gpu: graphics cards, whose pixels differ a little; or both',
  )
    .choices(Object.keys(choices))
    .default('cpu');

export const deviceMemoryOption = (): Option =>
  new Option(
    '--device-memory <size>',
    'least memory of a graphics card for --device gpu or both, for example 8GiB (default: any)',
  ).argParser(parseSize);

/** Throws INVALID_ARGUMENT `USAGE` if the options do not fit together. */
export const checkDevice = (
  { device, deviceMemory }: DeviceOptions,
  { tiles, tilesIfSlow }: Tiles,
): void => {
  if (device === 'cpu' && deviceMemory !== undefined) {
    throw usage('--device-memory is for --device gpu and --device both');
  }
  if (device !== 'cpu' && tiles > 0 && !tilesIfSlow) {
    throw usage(
      '--tiles is for --device cpu: strips of different graphics cards would not fit together',
    );
  }
};

/** Throws INVALID_ARGUMENT `USAGE` if an engine does not let anybody choose its device. Empty: not known. */
export const checkDeviceOf = (device: DeviceOptions['device'], engine: string): void => {
  if (device !== 'cpu' && engine !== '' && engine !== 'CYCLES') {
    throw usage(
      `--device is for CYCLES; the engine is ${engine}, which always draws with what the machine has: leave --device out, or choose --engine CYCLES`,
    );
  }
};

export const deviceOf = ({
  device,
  deviceMemory = 0,
}: DeviceOptions): Pick<RenderSpec, 'device' | 'deviceMemoryBytes'> => ({
  device: choices[device],
  deviceMemoryBytes: deviceMemory,
});

/** For `show`; empty for processors. */
export const deviceWords = ({
  device,
  deviceMemoryBytes,
}: Pick<RenderSpec, 'device' | 'deviceMemoryBytes'>): string => {
  const words: Partial<Record<RenderDevice, string>> = {
    [RenderDevice.GPU]: 'gpu',
    [RenderDevice.BOTH]: 'gpu and cpu',
  };
  const word = words[device];
  const least = deviceMemoryBytes === 0 ? '' : `, at least ${formatBytes(deviceMemoryBytes)}`;
  return word === undefined ? '' : word + least;
};

/** `OPTIX NVIDIA GeForce RTX 4090 24.0 GiB`: each graphics card once for each backend, whatever the versions. */
export const devicesOf = (engines: readonly Pick<Engine, 'devices'>[]): string => {
  const words = engines.flatMap(({ devices }) =>
    devices.map(({ backend, name, memoryBytes }) => {
      const memory = memoryBytes === 0 ? 'memory not known' : formatBytes(memoryBytes);
      return `${backend.replace('DEVICE_BACKEND_', '')} ${printable(name)} ${memory}`;
    }),
  );
  return [...new Set(words)].join(', ');
};
