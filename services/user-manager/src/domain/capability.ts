import type { Needs } from '#libs/contracts/user.ts';
import type { UserRecord } from './user.ts';

/** Not a Blender engine, so `any_blender` does not mean it. */
const NOOP = 'noop';

const parts = (version: string): string[] => version.split('.');

/** Whether `version` is `minimum` or later, number by number: `3.10` is later than `3.4`. */
export const isAtLeast = (version: string, minimum: string): boolean => {
  const have = parts(version).map((part) => Number.parseInt(part, 10) || 0);
  for (const [i, wanted] of parts(minimum).entries()) {
    const difference = (have[i] ?? 0) - (Number.parseInt(wanted, 10) || 0);
    if (difference !== 0) {
      return difference > 0;
    }
  }
  return true;
};

/** Whether `version` begins with all parts of `wanted`: `3.4.1` with `3.4`, but `3.41` does not. */
export const beginsWith = (version: string, wanted: string): boolean => {
  const have = parts(version);
  return parts(wanted).every((part, i) => have[i] === part);
};

/** Whether a user can do a session's work. Needs that say nothing suit everybody. */
export const suits = ({ id, capability }: Pick<UserRecord, 'id' | 'capability'>, needs: Needs): boolean => {
  if (capability.memoryBytes < needs.memoryBytes || needs.barredUserIds.includes(id)) {
    return false;
  }
  if (needs.engine === '' && !needs.anyBlender) {
    return true;
  }
  return capability.engines.some(
    ({ name, version }) =>
      (needs.anyBlender ? name !== NOOP : name === needs.engine) &&
      (needs.minVersion === '' || isAtLeast(version, needs.minVersion)) &&
      (needs.exactVersion === '' || beginsWith(version, needs.exactVersion)),
  );
};
