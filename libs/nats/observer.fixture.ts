import { connect } from 'nats';
import { EVENTS_STREAM } from './events-stream.ts';
import { type ServerAddress, toServers } from './servers.ts';
import { checkPattern } from './subjects.ts';

/** A message that went by. */
export interface Observed {
  subject: string;
  bytes: Uint8Array;
  /** Somebody waits for an answer. */
  isRequest: boolean;
}

/** A fact as the stream `MUSTER_EVENTS` has it. */
export interface StoredFact {
  subject: string;
  bytes: Uint8Array;
  /** As it was published with. */
  messageId: string;
}

/** Hears what goes over the bus without ever answering: for looking at a mesh from outside, by people or by tests. */
export interface Observer extends AsyncDisposable {
  /** Resolves when everything that the server had before this call was heard. */
  caughtUp(): Promise<void>;
  /** Everything in the stream of facts, from its beginning. Rejects where there is no stream yet. */
  facts(): Promise<StoredFact[]>;
}

/**
 * Connects, and hears each message to a subject like `pattern` from then on, answers excepted. Rejects with what the client
 * throws when the server cannot be reached.
 */
export const observe = async (
  address: ServerAddress,
  pattern: string,
  hear: (message: Observed) => void,
): Promise<Observer> => {
  checkPattern(pattern);
  const nc = await connect({ ...toServers(address), name: 'observer' });
  nc.subscribe(pattern, {
    callback: (refused, { subject, data, reply }) => {
      if (refused === null) hear({ subject, bytes: data, isRequest: Boolean(reply) });
    },
  });
  await nc.flush();
  return {
    // The server answers a flush behind what it sent on this connection before.
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
