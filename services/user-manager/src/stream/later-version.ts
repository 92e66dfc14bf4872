import { AgentServiceService, ConnectRequest } from '#libs/contracts/agent.ts';

/** What an agent said. */
export type Heard = ConnectRequest & {
  /** It is none of the messages that this version knows, but not empty. */
  isUnknown?: true;
};

/** The agents' service, which tells a message of a later version from an empty one. */
export const agentService = {
  connect: {
    ...AgentServiceService.connect,
    requestDeserialize: (bytes: Buffer): Heard => {
      const request = ConnectRequest.decode(bytes);
      return request.message === undefined && bytes.length > 0 ? { ...request, isUnknown: true } : request;
    },
  },
} as const;
