import { AgentServiceService, ConnectRequest } from '#libs/contracts/agent.ts';

/** What an agent said. */
export type Heard = ConnectRequest & {
  /** The message is not empty, but this version does not know it. */
  isUnknown?: true;
};

/** The agents' service with a decoder that tells a message of a later version from an empty one. */
export const agentService = {
  connect: {
    ...AgentServiceService.connect,
    requestDeserialize: (bytes: Buffer): Heard => {
      const request = ConnectRequest.decode(bytes);
      return request.message === undefined && bytes.length > 0
        ? { ...request, isUnknown: true }
        : request;
    },
  },
} as const;
