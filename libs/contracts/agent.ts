export * from './gen/muster/agent/v1/agent_service.ts';
import type { FailureClass } from './gen/muster/agent/v1/agent_service.ts';

/** The class of a failure by its name alone, as journals, logs and engines say it. */
export type FailureClassName = Exclude<keyof typeof FailureClass, 'UNSPECIFIED' | 'UNRECOGNIZED'>;
