import { connect } from 'nats';
import { EVENTS_STREAM } from './facts.ts';
import { type ServerAddress, toServers } from './servers.ts';
import { checkPattern } from './subjects.ts';

export interface Observed {
  subject: string;
  bytes: Uint8Array;
  /** Whether the sender waits for an answer. */
  isRequest: boolean;
}

export interface StoredFact {
  subject: string;
  bytes: Uint8Array;
  messageId: string;
}

/** Listens to the bus and never answers: a look at a mesh from outside. */
export interface Observer extends AsyncDisposable {
  /** Resolves when it has heard everything that the server had before this call. */
  caughtUp(): Promise<void>;
  /** All facts of the stream from its beginning. Rejects if there is no stream yet. */
  facts(): Promise<StoredFact[]>;
}

/** Hears each message to a subject like `pattern`, except answers. Rejects with the client's error if the server is away. */
export const observe = async (
  address: ServerAddress,
  pattern: string,
  hear: (message: Observed) => void,
): Promise<Observer> => {
  checkPattern(pattern);
  const nc = await connect({ ...toServers(address), name: 'observer' });
  nc.subscribe(pattern, {
    callback: (refused, { subject, data, reply }) => {
      if (refused === null) {
        hear({ subject, bytes: data, isRequest: Boolean(reply) });
      }
    },
  });
  await nc.flush();
  return {
    // The server answers a flush after all that it sent on this connection before.
    caughtUp: () => nc.flush(),
    facts: async () => {
      const jsm = await nc.jetstreamManager();
      const { state } = await jsm.streams.info(EVENTS_STREAM);
      const stored: StoredFact[] = [];
      for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
        const { subject, data, header } = await jsm.streams.getMessage(EVENTS_STREAM, { seq });
        stored.push({ subject, bytes: data, messageId: header.get('Nats-Msg-Id') });
      }
      return stored;
    },
    [Symbol.asyncDispose]: () => nc.close(),
  };
};
