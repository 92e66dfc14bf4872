import type { FailureClass } from '../domain/state/failure-class.ts';
import type { Fault } from './kind.ts';

/** Whose fault each failure is, where a kind does not see it differently. */
const faults: Readonly<Record<FailureClass, Fault>> = {
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

/** A class that this build does not know is the machine's: nobody else suffers for it. */
export const faultOf = (failureClass: FailureClass): Fault => faults[failureClass] ?? 'machine';
