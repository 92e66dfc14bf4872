import type { Logger } from '#libs/telemetry/index.ts';
import type { Entry } from './domain/state/entries.ts';

/** The events that are logged, with one function for each. */
export interface Events {
  workloadStarted(workload: string, customer: string, tasks: number): void;
  workloadEnded(workload: string, phase: string, reason: string): void;
  workloadTakenOver(workload: string, from: string, epoch: number): void;
  workloadLetGo(workload: string, to: string): void;
  /** A defect: a task is open in the fold, but the store has an accepted result for it. */
  journalConflict(workload: string, accepted: readonly string[]): void;
  appendUnknown(workload: string, cause: unknown): void;
  attemptFailed(workload: string, entry: Extract<Entry, { kind: 'attempt-failed' }>): void;
  reportRefused(workload: string, user: string, task: string, reason: string): void;
  commandObeyed(workload: string, command: string): void;
}

export const logEvents = (logger: Logger): Events => ({
  workloadStarted: (workload, customer, tasks) =>
    logger.info({ workload, customer, tasks }, 'workload started'),
  workloadEnded: (workload, phase, reason) =>
    logger.info({ workload, phase, reason }, 'workload ended'),
  workloadTakenOver: (workload, from, epoch) =>
    logger.info({ workload, from, epoch }, 'workload taken over'),
  workloadLetGo: (workload, to) =>
    logger.warn({ workload, to }, 'workload was taken over by another replica'),
  journalConflict: (workload, accepted) =>
    logger.fatal(
      { workload, accepted },
      'the journal contradicts its fold; this workload is halted',
    ),
  appendUnknown: (workload, cause) =>
    logger.warn({ workload, err: cause }, 'an append had no answer; it is tried again'),
  attemptFailed: (workload, { task, attempt, user, failureClass, reason }) =>
    logger.info({ workload, task, attempt, user, failureClass, reason }, 'attempt failed'),
  reportRefused: (workload, user, task, reason) =>
    logger.warn({ workload, user, task, reason }, 'report refused'),
  commandObeyed: (workload, command) => logger.info({ workload, command }, 'command obeyed'),
});
