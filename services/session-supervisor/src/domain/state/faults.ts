import type { FailureClassName } from '#libs/contracts/agent.ts';

/**
 * Whose fault a failure is. A fault of the task counts against its budget. A fault of the input ends the workload, because no
 * other machine would do better. After a fault of the machine, the machine rests.
 */
export type Fault = 'task' | 'input' | 'machine';

const faults: Readonly<Record<FailureClassName, Fault>> = {
  RENDER_ERROR: 'task',
  PICTURE_INVALID: 'task',
  RENDERER_DIED: 'task',
  TIMEOUT: 'task',
  OUT_OF_MEMORY: 'task',
  SCENE_UNREADABLE: 'input',
  MISSING_ASSETS: 'input',
  SCENE_LOST: 'input',
  ENGINE_UNAVAILABLE: 'machine',
  AGENT_ERROR: 'machine',
};

/** A class that this build does not know is the machine's fault, because that harms no task and no input. */
export const faultOf = (failureClass: FailureClassName): Fault => faults[failureClass] ?? 'machine';
