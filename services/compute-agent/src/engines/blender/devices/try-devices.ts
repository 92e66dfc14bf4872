import { listDevices, tryEngine, type TryOptions } from '../try-engine.ts';
import { backends } from './backends.ts';
import type { BlenderDevice } from './device.ts';
import { type Graphics, pciAddress } from './graphics.ts';
import { hardwareFor } from './hardware.ts';

/** The graphics cards with which Cycles works, and what does not work, for people. */
export interface TriedDevices {
  devices: BlenderDevice[];
  troubles: string[];
}

/** Asks Cycles for its graphics cards, and renders 8×8 pixels with each, because one can be there and not work. */
export const tryDevices = async (
  program: string,
  { memories }: Pick<Graphics, 'memories'>,
  options: TryOptions,
  signal: AbortSignal,
): Promise<TriedDevices> => {
  const everything = { ...options, hardware: await hardwareFor(backends) };
  const found = await listDevices(program, everything, signal);
  if (typeof found === 'string') {
    return {
      devices: [],
      troubles: [`Cycles does not say which graphics cards there are: ${found}`],
    };
  }
  const devices: BlenderDevice[] = [];
  const troubles: string[] = [];
  for (const { backend, id, name } of found) {
    const use = { backend, ids: [id], withCpu: false };
    const device = { kind: 'device', use, hardware: await hardwareFor([backend]) } as const;
    const trouble = await tryEngine(program, 'CYCLES', { ...options, device }, signal);
    signal.throwIfAborted();
    if (trouble === undefined) {
      devices.push({ backend, id, name, memoryBytes: memories[pciAddress(id) ?? ''] ?? 0 });
    } else {
      troubles.push(`${backend} of ${name}: ${trouble}`);
    }
  }
  return { devices, troubles };
};
