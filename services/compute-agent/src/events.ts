import type { DesiredState } from '#libs/contracts/agent.ts';
import type { DomainError } from '#libs/errors/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import type { Ending } from './domain/ending.ts';
import type { Progress } from './engines/engine.ts';
import type { Finished } from './outbox/kept.ts';

interface Named {
  workloadId: string;
  attempt: { task: string; attempt: string };
}

const namesOf = ({ workloadId, attempt }: Named) => ({
  workload: workloadId,
  task: attempt.task,
  attempt: attempt.attempt,
});

const errorOf = ({ reason, message }: DomainError) => ({ reason, error: message });

/** What happens to one machine, for the agent's log: one function for each event. */
export type Events = ReturnType<typeof logEvents>;

/** `log` says which machine it is. */
export const logEvents = (log: Logger) => ({
  connected: (user: string, connection: string): void =>
    log.info({ user, connection }, 'connected to the mesh'),
  disconnected: (ending: Exclude<Ending, { kind: 'superseded' }>, againInMs: number): void => {
    const { kind, reason, message } = ending;
    const fields = { reason, error: message, againInMs: Math.round(againInMs) };
    if (kind === 'refused') {
      log.error(fields, `the mesh refuses this machine: ${message}`);
    } else {
      log.warn(fields, 'no connection to the mesh; the agent tries again');
    }
  },
  superseded: (): void =>
    log.error(
      'another agent connected as this machine; this one ends. Give each agent a machine and a token of its own',
    ),
  asked: ({ workloadId, epoch, attempts }: DesiredState): void =>
    log.debug(
      { workload: workloadId, epoch, attempts: attempts.length },
      'the mesh said what to work on',
    ),
  finished: (named: Named & { progress?: Progress | undefined }, outcome: Finished): void => {
    if (outcome.kind === 'yielded') {
      const { reason, seconds } = outcome;
      log.info({ ...namesOf(named), reason, seconds }, 'task given back with its last checkpoint');
    } else if (outcome.kind === 'failed') {
      const { failureClass, reason, seconds } = outcome;
      log.warn(
        { ...namesOf(named), failureClass, reason, seconds, lastSeen: named.progress?.text },
        'task failed',
      );
    } else if (log.isLevelEnabled('debug')) {
      log.debug({ ...namesOf(named), seconds: outcome.seconds }, 'task done');
    }
  },
  notNeeded: (named: Named, reason: string): void =>
    log.debug({ ...namesOf(named), reason }, 'the mesh does not need this report'),
  sceneDelayed: (error: DomainError, pauseMs: number): void =>
    log.warn({ ...errorOf(error), pauseMs }, 'a scene could not be fetched yet'),
  /** Programs or folders may be left behind. */
  closingFailed: (err: unknown): void => log.error({ err }, 'an engine could not be closed'),
  uploadDelayed: (named: Named, error: DomainError, pauseMs: number): void =>
    log.warn(
      { ...namesOf(named), ...errorOf(error), pauseMs },
      'a result could not be uploaded yet; it waits on this disk',
    ),
  checkpointed: (named: Named, name: string): void =>
    log.debug({ ...namesOf(named), checkpoint: name }, 'checkpoint stored'),
  checkpointDelayed: (named: Named, error: DomainError, pauseMs: number): void =>
    log.warn(
      { ...namesOf(named), ...errorOf(error), pauseMs },
      'a checkpoint could not be uploaded yet; work goes on',
    ),
  checkpointLost: (named: Named, error: DomainError): void =>
    log.warn(
      { ...namesOf(named), ...errorOf(error) },
      'a checkpoint was not stored; work goes on, and the next one may be',
    ),
  uploadFailed: (named: Named, error: DomainError): void =>
    log.error({ ...namesOf(named), ...errorOf(error) }, 'a result cannot be uploaded'),
  keepsakeLost: (named: Named, what: string, error: DomainError): void =>
    log.warn(
      { ...namesOf(named), ...errorOf(error) },
      `the ${what} of a result is lost; the result counts without it`,
    ),
  leaving: (state: { running: number; unacknowledged: number }): void =>
    log.info(state, 'leaving the mesh'),
  left: (unacknowledged: number): void => log.info({ unacknowledged }, 'left the mesh'),
});
