import { RenderPhysics } from '#libs/contracts/common.ts';
import { precondition } from '../failures.ts';
import { printable } from '../formats.ts';
import type { FoundUnbaked } from './collect.ts';

/** What a customer asks of physics that is not baked. */
export interface PhysicsChoice {
  bake?: boolean;
  allowUnbaked?: boolean;
  /** How many users the workload wants; undefined: as many as the plan allows. */
  users?: number;
}

const MAX_NAMED = 10;

const listed = (unbaked: readonly FoundUnbaked[]): string => {
  const names = unbaked.map(({ kind, name, library }) =>
    printable([kind, name, library && `(${library})`].filter(Boolean).join(' ')),
  );
  const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : '';
  return names.slice(0, MAX_NAMED).join(', ') + more;
};

/** Whether an expression of frames names one frame only, which fits every other one. */
const isSingle = (frames: string): boolean => /^\s*\d+\s*$/.test(frames);

/**
 * What becomes of a scene's physics. `unbaked` is what the file has, undefined if that could not be read; then the machines
 * look. Throws FAILED_PRECONDITION `PHYSICS_NOT_BAKED` if an animation would not fit together and nobody chose.
 */
export const choosePhysics = (
  unbaked: readonly FoundUnbaked[] | undefined,
  frames: string,
  { bake = false, allowUnbaked = false, users }: PhysicsChoice,
): RenderPhysics => {
  if (allowUnbaked || isSingle(frames)) {
    return RenderPhysics.ALLOW_UNBAKED;
  }
  if (unbaked?.length === 0) {
    return RenderPhysics.REFUSE;
  }
  const ofLibraries = unbaked?.filter(({ library }) => library !== undefined) ?? [];
  if (bake && ofLibraries.length > 0) {
    throw precondition(
      'PHYSICS_NOT_BAKED',
      `physics that comes from a library cannot be baked here: ${listed(ofLibraries)}; bake it in its own file in Blender`,
    );
  }
  if (bake) {
    return RenderPhysics.BAKE;
  }
  const hasFluids = unbaked?.some(({ kind }) => kind === 'fluid') === true;
  if (users === 1 && !hasFluids) {
    return RenderPhysics.IN_ORDER;
  }
  if (unbaked === undefined) {
    return RenderPhysics.REFUSE;
  }
  const alone = hasFluids ? '' : ', --users 1 to let one machine play it from the first frame on';
  const how =
    ofLibraries.length > 0
      ? `bake it in its own file in Blender, or choose --allow-unbaked${alone}`
      : `choose --bake to bake it once on one machine${alone}, or --allow-unbaked, or bake it in Blender`;
  throw precondition(
    'PHYSICS_NOT_BAKED',
    `physics is not baked, so frames of different machines would not fit together: ${listed(unbaked)}; ${how}`,
  );
};
