import type { Clock } from '#libs/clock/index.ts';
import type { DomainError } from '#libs/errors/index.ts';
import { AGENT_FEATURES } from '#libs/contracts/agent-features.ts';
import type { ConnectResponse, DesiredState, Outcome, Report } from '#libs/contracts/agent.ts';
import type { StreamId } from '../bus/sessions.ts';
import type { Allowance } from '../domain/allowance.ts';
import { type Command, learnClaim, noCommand, ruleOnDesired } from '../domain/desired.ts';
import { nothingOwed, owe, takeReports } from '../domain/outstanding.ts';
import { createScope } from '../domain/scope.ts';
import type { ConnectedUser, UserRecord } from '../domain/user.ts';
import { ATTEMPT_EARNS } from './allowances.ts';
import { agentSilent, readerTooSlow } from './errors.ts';
import { createSendQueue, MAX_QUEUED_BYTES } from './send-queue.ts';
import { createSilence } from './silence.ts';

/** An agent that leaves a message waiting for longer hangs. */
const PATIENCE_MS = 30_000;
/** The time for the last message before the call is cut. */
const LAST_WORDS_MS = 1_000;

export type AgentStream = ReturnType<typeof createAgentStream>;

interface AgentStreamOptions {
  user: ConnectedUser;
  /** The workloads that its hello names. */
  named: readonly string[];
  /** What its agent may say; attempts that are handed out add to it. */
  said: Allowance;
  clock: Clock;
  /** Ends the call, even while a message waits for room in the stream. */
  abort: (error: unknown) => void;
}

export const createAgentStream = ({ user, named, said, clock, abort }: AgentStreamOptions) => {
  let command: Command = { ...noCommand, claim: user.claim, isReleased: user.session === null };
  let outstanding = nothingOwed();
  const scope = createScope({ named, session: user.session });
  const id: StreamId = { userId: user.id, connectionId: user.connection };
  const monotonic = (): number => clock.monotonic();
  const queue = createSendQueue(
    { message: { $case: 'welcome', value: { ...id, features: [...AGENT_FEATURES] } } },
    monotonic,
  );
  const silence = createSilence(monotonic);
  const cutOff = (error: DomainError): void => {
    queue.fail(error);
    abort(error);
  };
  const checkSize = (): void => {
    if (queue.waitingBytes() > MAX_QUEUED_BYTES) {
      cutOff(readerTooSlow(queue.waitingBytes()));
    }
  };

  return {
    id,
    /** What people call the user. */
    userName: user.name,
    /** Of the user's record that this stream wrote: of two streams of a user, the one with the greater version is newer. */
    version: user.version,
    queue,
    silence,
    scope,
    /** The workload of the latest desired state; empty before the first. */
    workload: (): string => outstanding.workload,
    /** Queues a desired state if it is the greatest so far. */
    offer(state: DesiredState): 'forward' | 'outdated' | 'gone' {
      const ruling = ruleOnDesired(command, state);
      if (ruling.kind === 'forward') {
        command = ruling.next;
        outstanding = owe(outstanding, state);
        scope.give(state.workloadId, state.adopt);
        said.earn(outstanding.added * ATTEMPT_EARNS);
        queue.desired(state);
        if (state.adopt) {
          silence.ask();
        }
        checkSize();
      }
      return ruling.kind;
    },
    /** Takes note of the user's record, which has changed. */
    learn({ claim, session }: UserRecord): void {
      command = learnClaim(command, { claim, isServing: session !== null });
    },
    deliver(outcomes: readonly Outcome[]): void {
      queue.outcomes(outcomes);
      checkSize();
    },
    /** Reports went out. Answers the workload if it has no report outstanding any more. */
    reported: (reports: readonly Report[]): string | undefined =>
      takeReports(outstanding, reports) ? outstanding.workload : undefined,
    /** Drops what waits, sends `lastWords` if the agent still reads, and ends with `error`. */
    end(error: unknown, lastWords?: ConnectResponse): void {
      queue.fail(error, lastWords);
      clock.setTimer(LAST_WORDS_MS, () => abort(error));
    },
    /** Ends the stream if the agent takes too long to read or to answer. */
    checkPace(): void {
      const since = queue.waitingSinceMs();
      if (since !== undefined && clock.monotonic() - since > PATIENCE_MS) {
        cutOff(readerTooSlow(queue.waitingBytes()));
      } else if (silence.isTooLong()) {
        cutOff(agentSilent());
      }
    },
  };
};
