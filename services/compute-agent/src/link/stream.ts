import type { Clock } from '#libs/clock/index.ts';
import type {
  ConnectRequest,
  ConnectResponse,
  DesiredState,
  Hello,
  Outcome,
  Welcome,
} from '#libs/contracts/agent.ts';
import { DomainError, fromServiceError, status } from '#libs/errors/index.ts';
import type { BidiCall } from '#libs/grpc/index.ts';
import { type Ending, endingOf } from '../domain/ending.ts';

export type AgentCall = BidiCall<ConnectRequest, ConnectResponse>;

export interface Listener {
  welcome(welcome: Welcome): void;
  desired(state: DesiredState): void;
  outcomes(outcomes: readonly Outcome[]): void;
}

/** A mesh that takes the call and says nothing counts as away. */
const WELCOME_WITHIN_MS = 20_000;

const noWelcome = (): DomainError => {
  const message = `no welcome within ${WELCOME_WITHIN_MS / 1_000} s`;
  return new DomainError(status.UNAVAILABLE, 'NO_WELCOME', message);
};

/** Runs one stream from hello to its end, and answers how it ended. Never rejects. */
export const converse = async (
  call: AgentCall,
  hello: Hello,
  listener: Listener,
  clock: Clock,
): Promise<Ending> => {
  let isWelcome = false;
  let isSuperseded = false;
  const timer = clock.setTimer(WELCOME_WITHIN_MS, () => call.cancel());
  const hear = ({ message }: ConnectResponse): void => {
    switch (message?.$case) {
      case 'welcome':
        isWelcome = true;
        timer.cancel();
        listener.welcome(message.value);
        break;
      case 'desiredState':
        listener.desired(message.value);
        break;
      case 'outcomes':
        listener.outcomes(message.value.outcomes);
        break;
      case 'superseded':
        isSuperseded = true;
        break;
      case undefined:
        // The message is of a later version of the protocol.
        break;
      default:
        message satisfies never;
    }
  };
  try {
    // If it cannot be sent, the responses end with the reason.
    void call.send({ message: { $case: 'hello', value: hello } }).catch(() => undefined);
    for await (const response of call.responses) {
      hear(response);
    }
    return isSuperseded ? { kind: 'superseded' } : endingOf(undefined);
  } catch (thrown) {
    const error = fromServiceError(thrown);
    const isSilent = !isWelcome && error.code === status.CANCELLED;
    return isSuperseded ? { kind: 'superseded' } : endingOf(isSilent ? noWelcome() : error);
  } finally {
    timer.cancel();
  }
};
