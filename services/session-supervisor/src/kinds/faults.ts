import type { FailureClassName } from '#libs/contracts/agent.ts';

import type { Fault } from './kind.ts';

const faults: Readonly<Record<FailureClassName, Fault>> = {
  RENDER_ERROR: 'task',
  PICTURE_INVALID: 'task',
  RENDERER_DIED: 'task',
  TIMEOUT: 'task',
  OUT_OF_MEMORY: 'task',
  DIVERGED: 'task',
  CASE_INVALID: 'task',
  CODE_NOT_ALLOWED: 'task',
  SCENE_UNREADABLE: 'input',
  MISSING_ASSETS: 'input',
  PHYSICS_NOT_BAKED: 'input',
  ENGINE_UNAVAILABLE: 'machine',
  AGENT_ERROR: 'machine',
  PROGRAM_MISSING: 'machine',
  // The mesh looks itself whether something is lost.
  SCENE_LOST: 'machine',
  INPUT_LOST: 'machine',
};

/** A class that this build does not know is the machine's fault, because that harms no task and no input. */
export const faultOf = (failureClass: FailureClassName): Fault => faults[failureClass] ?? 'machine';
