import { DomainError, requestIdReused, status } from '#libs/errors/index.ts';
import { MAX_QUEUED_WORKLOADS } from '#libs/mesh/index.ts';
import type { Refusal } from '../../domain/decisions/decision.ts';

const tryAgain = (reason: string, workload: string, why: string): DomainError =>
  new DomainError(
    status.UNAVAILABLE,
    reason,
    `${why}; try again`,
    { workload },
    { retryAfterMs: 1_000 },
  );

/** UNAVAILABLE: another replica is taking the workload over. */
export const changingHands = (workload: string): DomainError =>
  tryAgain(
    'WORKLOAD_CHANGES_HANDS',
    workload,
    `workload ${workload} is being taken over by another replica`,
  );

/** UNAVAILABLE: the session's queue of inputs is full. */
export const sessionBusy = (workload: string): DomainError =>
  tryAgain('SESSION_BUSY', workload, `too many inputs wait to be written for workload ${workload}`);

/** ALREADY_EXISTS: the customer has as many running workloads as the plan allows. */
export const alreadyRunning = (customer: string, running: readonly string[]): DomainError =>
  new DomainError(
    status.ALREADY_EXISTS,
    'WORKLOAD_ALREADY_RUNNING',
    `customer ${customer} has as many running workloads as the plan allows (${running.join(', ')}); wait or stop one`,
    { customer, workloads: running.join(',') },
  );

/** RESOURCE_EXHAUSTED: as many workloads of the customer wait as may. */
export const queueFull = (customer: string): DomainError =>
  new DomainError(
    status.RESOURCE_EXHAUSTED,
    'QUEUE_FULL',
    `${MAX_QUEUED_WORKLOADS} workloads of customer ${customer} wait for a slot of the plan already; start it when some of them have ended, or stop one`,
    { customer, waiting: MAX_QUEUED_WORKLOADS },
    { retryAfterMs: 60_000 },
  );

/** RESOURCE_EXHAUSTED: as many workloads of the customer wait for approval as may. */
export const parkedFull = (customer: string): DomainError =>
  new DomainError(
    status.RESOURCE_EXHAUSTED,
    'TOO_MANY_PARKED',
    `as many workloads of customer ${customer} wait for approval, or may come to, as the plan allows; approve, reject or stop some`,
    { customer },
  );

/** A refused command as a caller sees it. */
export const refusalError = (workload: string, refusal: Refusal): DomainError => {
  const { reason } = refusal;
  const refused = (message: string, more: Record<string, string> = {}): DomainError =>
    new DomainError(status.FAILED_PRECONDITION, reason, message, { workload, ...more });
  switch (reason) {
    case 'WORKLOAD_ENDED': {
      const state = refusal.state.toUpperCase();
      return refused(`workload ${workload} is ${state}; start a new one`, { state });
    }
    case 'REQUEST_ID_REUSED':
      return requestIdReused(refusal.requestId);
    case 'RESULTS_DELETED':
      return refused(`the results of workload ${workload} were deleted; start a new one`);
    case 'TOO_MANY_RETRIES':
      return refused(`workload ${workload} was retried too often; start a new one`);
    case 'RETRY_TOO_WIDE':
      return refused(
        `too many tasks of workload ${workload} need others that stay given up; retry those first, or name fewer`,
      );
    case 'NOTHING_TO_APPROVE':
      return refused(`no result of ${refusal.task} of workload ${workload} waits for approval`, {
        task: refusal.task,
      });
    case 'RESULT_REPLACED': {
      const { task, generation } = refusal;
      const message = `the result of ${task} of workload ${workload} was made anew since it was looked at; look at generation ${generation}`;
      return refused(message, { task, generation: String(generation) });
    }
    case 'ALREADY_RULED': {
      const { task, ruling, by } = refusal;
      const next = ruling === 'rejected' ? '; retry it to have it made again' : '';
      return refused(
        `the result of ${task} of workload ${workload} was ${ruling} by ${by}${next}`,
        {
          task,
          by,
        },
      );
    }
    case 'AWAITING_APPROVAL':
      return refused(
        `workload ${workload} waits for approval and holds nothing; approve or reject what waits, or stop it`,
      );
    case 'LET_GO':
      return changingHands(workload);
    default:
      return reason satisfies never;
  }
};

/** NOT_FOUND: there is no such workload, or it belongs to another customer, who alone may know of it. */
export const workloadNotFound = (workload: string): DomainError =>
  new DomainError(
    status.NOT_FOUND,
    'WORKLOAD_NOT_FOUND',
    `no workload ${workload}; list them with ListWorkloads`,
    { workload },
  );
