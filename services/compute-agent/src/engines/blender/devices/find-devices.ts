import { z } from 'zod';
import type { Surroundings } from '../../family.ts';
import { FAILURE_COUNTS_MS, findingsFile } from '../../findings.ts';
import { backends } from './backends.ts';
import type { BlenderDevice } from './device.ts';
import { type Graphics, hasGraphics } from './graphics.ts';
import { tryDevices } from './try-devices.ts';

const findings = z.object({
  devices: z.array(
    z.object({
      backend: z.enum(backends),
      id: z.string(),
      name: z.string(),
      memoryBytes: z.number(),
    }),
  ),
  troubles: z.array(z.string()),
  triedMs: z.number(),
});

/**
 * The graphics cards with which Cycles of a Blender works. What was found is remembered as long as Blender, cards and drivers are
 * the same; it says again at each start what does not work. Rejects with the signal's reason.
 *
 * @param identity tells this Blender from others
 */
export const findDevices = async (
  program: string,
  identity: readonly unknown[],
  graphics: Graphics,
  around: Surroundings,
  signal: AbortSignal,
): Promise<BlenderDevice[]> => {
  if (!hasGraphics(graphics)) {
    return [];
  }
  const { clock, logger, random, findingsDir: dir } = around;
  const file = findingsFile({ dir, random }, 'devices', [...identity, graphics], findings);
  const known = await file.read();
  const counts =
    known && (known.troubles.length === 0 || clock.now() - known.triedMs < FAILURE_COUNTS_MS);
  const tried = counts ? known : await tryDevices(program, graphics, around, signal);
  if (!counts) {
    signal.throwIfAborted();
    await file.write({ ...tried, triedMs: clock.now() });
  }
  for (const { backend, name, memoryBytes } of tried.devices) {
    logger.info({ backend, name, memoryBytes, program }, 'a graphics card works');
  }
  for (const trouble of tried.troubles) {
    logger.warn({ trouble, program }, 'a graphics card does not work');
  }
  if (tried.devices.length + tried.troubles.length === 0) {
    logger.info({ program, ...graphics }, 'Cycles can use no graphics card of this machine');
  }
  return tried.devices;
};
