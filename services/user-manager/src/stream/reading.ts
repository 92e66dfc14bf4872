import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { within } from '#libs/async/index.ts';
import { type Hello, AgentServiceService, ConnectRequest } from '#libs/contracts/agent.ts';
import type { Clock } from '#libs/clock/index.ts';
import { collectViolations } from '#libs/mesh/index.ts';
import { checkHeld } from '../wire/held.ts';
import { checkProgress } from '../wire/progress.ts';
import { checkReports } from '../wire/reports.ts';
import type { Sessions, StreamId } from '../bus/sessions.ts';
import { emptyMessage, helloExpected } from './errors.ts';
import type { ReportSender } from './report-sender.ts';
import type { Silence } from './silence.ts';
import type { Trust } from './trust.ts';

export type Heard = ConnectRequest & {
  /** The message is not empty, but this version does not know it. */
  isUnknown?: true;
};

/**
 * Whether the bytes are whole messages, as a later version may have added them. The decoder itself takes any bytes after an
 * end-of-group tag.
 */
const isLaterMessage = (bytes: Buffer): boolean => {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (wireType !== WireType.LengthDelimited) {
      return false;
    }
    reader.skip(wireType, field);
  }
  return bytes.length > 0;
};

/** The agents' service with a decoder that tells a message of a later version from an empty one. */
export const agentService = {
  connect: {
    ...AgentServiceService.connect,
    requestDeserialize: (bytes: Buffer): Heard => {
      const request = ConnectRequest.decode(bytes);
      if (request.message !== undefined || bytes.length === 0) {
        return request;
      }
      if (!isLaterMessage(bytes)) {
        throw new RangeError('neither a message of this version nor of a later one');
      }
      return { ...request, isUnknown: true };
    },
  },
} as const;

/** What an agent says of its progress more often is dropped. */
const MIN_BETWEEN_PROGRESS_MS = 500;

/** A silent stream takes memory for nothing. */
const HELLO_WITHIN_MS = 10_000;

/** Reads the first message. Throws `HELLO_EXPECTED` if it is not a hello, or does not come. */
export const readHello = async (requests: AsyncIterator<Heard>, clock: Clock): Promise<Hello> => {
  const late = (): never => {
    throw helloExpected(`none came within ${HELLO_WITHIN_MS / 1_000} s`);
  };
  const first = await within(clock, HELLO_WITHIN_MS, requests.next(), late);
  if (first.done === true) {
    throw helloExpected('the stream ended');
  }
  const { message } = first.value;
  if (message?.$case !== 'hello') {
    throw helloExpected(`${message?.$case ?? 'an empty message'} came`);
  }
  return message.value;
};

/** How an agent left by itself. */
export type Leaving = { kind: 'goodbye'; reason: string } | { kind: 'half-closed' };

interface ReadingOptions {
  stream: StreamId;
  /** The workload that the agent serves. */
  workload: () => string;
  clock: Clock;
  sender: ReportSender;
  sessions: Sessions;
  silence: Silence;
  trust: Trust;
  /** Called at the first message that only a later version knows. */
  onUnknown: () => void;
}

/**
 * Reads messages until the agent leaves, no faster than its reports are decided and than it may cost. Rejects if the stream
 * breaks, a message is invalid, or the agent is not to be trusted.
 */
export const readAgent = async (
  requests: AsyncIterator<Heard>,
  { stream, workload, clock, sender, sessions, silence, trust, onUnknown }: ReadingOptions,
): Promise<Leaving> => {
  let hasSkipped = false;
  let toldProgressAt = -Infinity;
  for (;;) {
    let wasAsked = false;
    silence.listen();
    const next = await requests.next();
    if (next.done === true) {
      return { kind: 'half-closed' };
    }
    const { message, isUnknown } = next.value;
    silence.hear(message?.$case === 'held');
    switch (message?.$case) {
      case 'reports':
        checkReports(message.value);
        sender.add(trust.own(message.value.reports));
        await sender.room();
        break;
      case 'held': {
        const wrong = collectViolations();
        checkHeld(message.value, 'held', wrong);
        wrong.throwIfAny();
        wasAsked = trust.isAsked(message.value.workloadId);
        if (wasAsked) {
          sessions.userHeld(stream, message.value);
        }
        break;
      }
      case 'progress': {
        checkProgress(message.value);
        const now = clock.monotonic();
        if (now - toldProgressAt >= MIN_BETWEEN_PROGRESS_MS) {
          toldProgressAt = now;
          const own = message.value.tasks.filter(({ workloadId }) => workloadId === workload());
          sessions.userProgress(stream, own);
        }
        break;
      }
      case 'goodbye':
        return { kind: 'goodbye', reason: message.value.reason.slice(0, 200) };
      case 'hello':
        throw helloExpected('a second hello came');
      case undefined:
        if (isUnknown !== true) {
          throw emptyMessage();
        }
        if (!hasSkipped) {
          onUnknown();
        }
        hasSkipped = true;
        break;
      default:
        message satisfies never;
    }
    await trust.pay(message, wasAsked);
  }
};
