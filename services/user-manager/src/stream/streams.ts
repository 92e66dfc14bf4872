import type { AgentStream } from './agent-stream.ts';

/** The open streams of this manager, at most one for each user. */
export type Streams = ReturnType<typeof createStreams>;

export const createStreams = () => {
  const streams = new Map<string, AgentStream>();
  return {
    /** Makes it the user's stream and answers the one that it replaces. False if it is older than the present one. */
    add(stream: AgentStream): AgentStream | undefined | false {
      const { userId } = stream.id;
      const present = streams.get(userId);
      if (present !== undefined && present.version > stream.version) {
        return false;
      }
      streams.set(userId, stream);
      return present;
    },
    /** Removes it if it still is the user's stream. */
    remove(stream: AgentStream): void {
      const { userId } = stream.id;
      if (streams.get(userId) === stream) {
        streams.delete(userId);
      }
    },
    get: (user: string): AgentStream | undefined => streams.get(user),
    all: (): AgentStream[] => [...streams.values()],
  };
};
