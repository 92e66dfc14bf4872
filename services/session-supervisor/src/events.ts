import type { Logger } from '#libs/telemetry/index.ts';
import type { Effect } from './domain/decisions/decision.ts';
import type { Entry } from './domain/state/entries.ts';

/** The events that are logged, with one function for each. */
export type Events = ReturnType<typeof logEvents>;

export const logEvents = (logger: Logger) => ({
  workloadStarted: (workload: string, customer: string, tasks: number): void =>
    logger.info({ workload, customer, tasks }, 'workload started'),
  workloadAdmitted: (workload: string, customer: string): void =>
    logger.info({ workload, customer }, 'workload got its slot of the plan'),
  workloadParked: (workload: string, approvals: number): void =>
    logger.info({ workload, approvals }, 'workload waits for approval'),
  workloadEnded: (workload: string, phase: string, reason: string): void =>
    logger.info({ workload, phase, reason }, 'workload ended'),
  workloadTakenOver: (workload: string, from: string, epoch: number): void =>
    logger.info({ workload, from, epoch }, 'workload taken over'),
  workloadLetGo: (workload: string, to: string): void =>
    logger.warn({ workload, to }, 'workload was taken over by another replica'),
  /** A defect: a task is open in the fold, but the store has an accepted result for it. */
  journalConflict: (workload: string, accepted: readonly string[]): void =>
    logger.fatal(
      { workload, accepted },
      'the journal contradicts its fold; this workload is halted',
    ),
  appendUnknown: (workload: string, err: unknown): void =>
    logger.warn({ workload, err }, 'an append had no answer; it is tried again'),
  attemptFailed: (workload: string, entry: Extract<Entry, { kind: 'attempt-failed' }>): void => {
    const { task, attempt, user, failureClass, reason } = entry;
    logger.info({ workload, task, attempt, user, failureClass, reason }, 'attempt failed');
  },
  reportRefused: (workload: string, user: string, task: string, reason: string): void =>
    logger.warn({ workload, user, task, reason }, 'report refused'),
  figuresImpossible: (
    workload: string,
    { userId: user, task, claimed, possible }: Extract<Effect, { kind: 'impossible' }>,
  ): void =>
    logger.warn(
      { workload, user, task, claimed, possible },
      'a user says that a task took longer than it had it; the possible seconds count',
    ),
  userDistrusted: (workload: string, user: string, reason: string): void =>
    logger.error(
      { workload, user, reason },
      'user barred: others made something else of its tasks',
    ),
  userContradicted: (workload: string, user: string, reason: string): void =>
    logger.warn({ workload, user, reason }, 'user barred: a result is not what it reported'),
  webhookFailed: (customer: string, delivery: string, failure: string, tries: number): void =>
    logger.info(
      { customer, delivery, failure, tries },
      'a webhook did not take a message; it is tried again',
    ),
  webhookGivenUp: (customer: string, delivery: string, failure: string): void =>
    logger.warn({ customer, delivery, failure }, 'a message to a webhook is given up'),
  notifierFailed: (err: unknown): void =>
    logger.debug({ err }, 'webhooks were not looked after; they are looked at again'),
  commandObeyed: (workload: string, command: string): void =>
    logger.info({ workload, command }, 'command obeyed'),
});
