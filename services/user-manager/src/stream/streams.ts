import type { AgentStream } from './agent-stream.ts';

/** The open streams of this manager, at most one for each user. */
export interface Streams {
  /** Makes it the user's stream and answers the one that it replaces. False if it is older than the present one. */
  add(stream: AgentStream): AgentStream | undefined | false;
  remove(stream: AgentStream): void;
  get(user: string): AgentStream | undefined;
  all(): AgentStream[];
}

export const createStreams = (): Streams => {
  const streams = new Map<string, AgentStream>();
  return {
    add(stream) {
      const present = streams.get(stream.user);
      if (present !== undefined && present.version > stream.version) {
        return false;
      }
      streams.set(stream.user, stream);
      return present;
    },
    remove(stream) {
      if (streams.get(stream.user) === stream) {
        streams.delete(stream.user);
      }
    },
    get: (user) => streams.get(user),
    all: () => [...streams.values()],
  };
};
