import { familyOf } from './families.ts';

/** A graphics card with which an engine of a machine computes. */
export interface OfferedDevice {
  /** Memory of it that one task may use; 0 if nobody knows. */
  readonly memoryBytes: number;
}

/** An engine that works on a machine. */
export interface OfferedEngine {
  readonly name: string;
  /** Of the program: `3.4.1` for Blender. */
  readonly version: string;
  readonly devices: readonly OfferedDevice[];
}

/** What a workload needs of an engine. Empty strings ask for nothing. */
export interface EngineNeeds {
  /** An {@link EngineFamily}. */
  readonly family: string;
  /** One engine of the family, where it matters which. */
  readonly engine: string;
  /** The version must be this or later. */
  readonly minVersion: string;
  /** The version must begin with all parts of this: `3.4.1` meets `3.4`, `3.41` does not. */
  readonly exactVersion: string;
  /** Whether the engine must have a device. */
  readonly device: boolean;
  /** The least memory of the device. One whose memory nobody knows meets only 0. */
  readonly deviceMemoryBytes: number;
}

const partsOf = (version: string): string[] => version.split('.');

/** Whether `version` is `minimum` or later, number by number: `3.10` is later than `3.4`. */
export const isAtLeast = (version: string, minimum: string): boolean => {
  const have = partsOf(version).map((part) => Number.parseInt(part, 10) || 0);
  for (const [i, wanted] of partsOf(minimum).entries()) {
    const difference = (have[i] ?? 0) - (Number.parseInt(wanted, 10) || 0);
    if (difference !== 0) {
      return difference > 0;
    }
  }
  return true;
};

/** Whether `version` begins with all parts of `wanted`: `3.4.1` with `3.4`, but `3.41` does not. */
export const beginsWith = (version: string, wanted: string): boolean => {
  const have = partsOf(version);
  return partsOf(wanted).every((part, i) => have[i] === part);
};

/** Whether a device has the memory that is needed. */
export const isEnough = (
  { memoryBytes }: OfferedDevice,
  { deviceMemoryBytes }: Pick<EngineNeeds, 'deviceMemoryBytes'>,
): boolean => memoryBytes >= deviceMemoryBytes;

/** Whether one engine meets the needs. */
export const meets = ({ name, version, devices }: OfferedEngine, needs: EngineNeeds): boolean =>
  (needs.family === '' || familyOf(name) === needs.family) &&
  (needs.engine === '' || name === needs.engine) &&
  (needs.minVersion === '' || isAtLeast(version, needs.minVersion)) &&
  (needs.exactVersion === '' || beginsWith(version, needs.exactVersion)) &&
  (!needs.device || devices.some((device) => isEnough(device, needs)));

/**
 * Whether a machine with these engines can do the work. The matcher and the owner of a workload both ask this one
 * function, because otherwise one would give out a machine that the other refuses.
 */
export const canServe = (engines: readonly OfferedEngine[], needs: EngineNeeds): boolean =>
  (needs.family === '' && needs.engine === '' && !needs.device) ||
  engines.some((engine) => meets(engine, needs));
