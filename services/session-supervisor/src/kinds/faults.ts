import type { FailureClassName } from '#libs/contracts/agent.ts';

import type { Fault } from './kind.ts';

const faults: Readonly<Record<FailureClassName, Fault>> = {
  RENDER_ERROR: 'task',
  PICTURE_INVALID: 'task',
  RENDERER_DIED: 'task',
  TIMEOUT: 'task',
  OUT_OF_MEMORY: 'task',
  SCENE_UNREADABLE: 'input',
  MISSING_ASSETS: 'input',
  PHYSICS_NOT_BAKED: 'input',
  ENGINE_UNAVAILABLE: 'machine',
  AGENT_ERROR: 'machine',
  // The mesh looks itself whether something is lost.
  SCENE_LOST: 'machine',
  INPUT_LOST: 'machine',
  DIVERGED: 'final',
  CASE_INVALID: 'final',
  PROGRAM_MISSING: 'final',
  CODE_NOT_ALLOWED: 'final',
};

/** A class that this build does not know is the machine's fault, because that harms no task and no input. */
export const faultOf = (failureClass: FailureClassName): Fault => faults[failureClass] ?? 'machine';
