import { Option } from 'commander';
import { RenderDevice, type RenderSpec } from '#libs/contracts/common.ts';
import { usage } from '../failures.ts';
import { formatBytes } from '../formats.ts';
import { parseSize } from '../options.ts';

const devices = {
  cpu: RenderDevice.CPU,
  gpu: RenderDevice.GPU,
  both: RenderDevice.BOTH,
} as const;

/** What Cycles computes with. */
export interface DeviceOptions {
  device: keyof typeof devices;
  /** Bytes. */
  deviceMemory?: number;
}

export const deviceOption = (): Option =>
  new Option(
    '--device <device>',
    'what Cycles computes with, whatever the file says: cpu, with the same pixels on every machine; gpu, with pixels that differ a little between graphics cards; both',
  )
    .choices(Object.keys(devices))
    .default('cpu');

export const deviceMemoryOption = (): Option =>
  new Option(
    '--device-memory <size>',
    'least memory of a graphics card for --device gpu or both, for example 8GiB (default: any)',
  ).argParser(parseSize);

/** Throws INVALID_ARGUMENT `USAGE` if the options do not fit together. */
export const checkDevice = (
  { device, deviceMemory }: DeviceOptions,
  { tiles }: Pick<RenderSpec, 'tiles'>,
): void => {
  if (device === 'cpu' && deviceMemory !== undefined) {
    throw usage('--device-memory is for --device gpu and --device both');
  }
  if (device !== 'cpu' && tiles > 0) {
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
  device: devices[device],
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
