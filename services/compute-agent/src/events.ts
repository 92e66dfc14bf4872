import type { DomainError } from '#libs/errors/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import type { Ending } from './domain/ending.ts';
import type { Completed, Failed, Progress } from './engines/engine.ts';

interface Named {
  workloadId: string;
  attempt: { task: string; attempt: string };
}

/** What happens to one machine, for the agent's log: one function for each event. */
export interface Events {
  connected(user: string, connection: string): void;
  disconnected(ending: Exclude<Ending, { kind: 'superseded' }>, againInMs: number): void;
  superseded(): void;
  asked(state: { workloadId: string; epoch: number; attempts: number }): void;
  finished(named: Named & { progress?: Progress }, outcome: Completed | Failed): void;
  notNeeded(named: Named, reason: string): void;
  sceneDelayed(error: DomainError, pauseMs: number): void;
  /** Programs or folders may be left behind. */
  closingFailed(error: unknown): void;
  uploadDelayed(named: Named, error: DomainError, pauseMs: number): void;
  uploadFailed(named: Named, error: DomainError): void;
  leaving(state: { running: number; unacknowledged: number }): void;
  left(unacknowledged: number): void;
}

const namesOf = ({ workloadId, attempt }: Named) => ({
  workload: workloadId,
  task: attempt.task,
  attempt: attempt.attempt,
});

const errorOf = ({ reason, message }: DomainError) => ({ reason, error: message });

const disconnected = (
  log: Logger,
  ending: Exclude<Ending, { kind: 'superseded' }>,
  againInMs: number,
): void => {
  const { reason, message } = ending;
  const fields = { reason, error: message, againInMs: Math.round(againInMs) };
  if (ending.kind === 'refused') {
    log.error(fields, `the mesh refuses this machine: ${message}`);
  } else {
    log.warn(fields, 'no connection to the mesh; the agent tries again');
  }
};

/** `log` says which machine it is. */
export const logEvents = (log: Logger): Events => ({
  connected: (user, connection) => log.info({ user, connection }, 'connected to the mesh'),
  disconnected: (ending, againInMs) => disconnected(log, ending, againInMs),
  superseded: () =>
    log.error(
      'another agent connected as this machine; this one ends. Give each agent a machine and a token of its own',
    ),
  asked: ({ workloadId, epoch, attempts }) =>
    log.debug({ workload: workloadId, epoch, attempts }, 'the mesh said what to work on'),
  finished: (named, outcome) => {
    if (outcome.kind === 'failed') {
      const { failureClass, reason, seconds } = outcome;
      log.warn(
        { ...namesOf(named), failureClass, reason, seconds, lastSeen: named.progress?.text },
        'task failed',
      );
    } else if (log.isLevelEnabled('debug')) {
      log.debug({ ...namesOf(named), seconds: outcome.seconds }, 'task done');
    }
  },
  notNeeded: (named, reason) =>
    log.debug({ ...namesOf(named), reason }, 'the mesh does not need this report'),
  sceneDelayed: (error, pauseMs) =>
    log.warn({ ...errorOf(error), pauseMs }, 'a scene could not be fetched yet'),
  closingFailed: (err) => log.error({ err }, 'an engine could not be closed'),
  uploadDelayed: (named, error, pauseMs) =>
    log.warn(
      { ...namesOf(named), ...errorOf(error), pauseMs },
      'a result could not be uploaded yet',
    ),
  uploadFailed: (named, error) =>
    log.error({ ...namesOf(named), ...errorOf(error) }, 'a result cannot be uploaded'),
  leaving: (state) => log.info(state, 'leaving the mesh'),
  left: (unacknowledged) => log.info({ unacknowledged }, 'left the mesh'),
});
