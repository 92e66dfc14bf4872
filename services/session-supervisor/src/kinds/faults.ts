import type { FailureClass } from '../domain/state/failure-class.ts';
import type { Fault } from './kind.ts';

/** Whose fault each failure is, unless a kind decides otherwise. */
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

/**
 * Whose fault a failure is. A class that this build does not know is the machine's fault, because that harms no task and no
 * input.
 */
export const faultOf = (failureClass: FailureClass): Fault => faults[failureClass] ?? 'machine';
