import type { ConnectRequest } from '#libs/contracts/agent.ts';
import { needs as allNeeds, type Needs, type Said } from '#libs/contracts/agent-features.ts';
import type { Send } from './outgoing.ts';

/**
 * Sends to a manager only what it knows by the features that it named, because an older one would end the stream over
 * anything else. A report that is left out goes out again on the next stream.
 */
export const sendKnown = (
  send: Send,
  features: readonly string[],
  needs: Needs = allNeeds,
): Send => {
  const isKnown = (said: Said | undefined): boolean => {
    const feature = said && needs[said];
    return feature === undefined || features.includes(feature);
  };
  const known = ({ message }: ConnectRequest): ConnectRequest | undefined => {
    if (!isKnown(message?.$case)) {
      return undefined;
    }
    if (message?.$case !== 'reports') {
      return { message };
    }
    const reports = message.value.reports.filter(({ body }) => isKnown(body?.$case));
    return reports.length === 0 ? undefined : { message: { $case: 'reports', value: { reports } } };
  };
  return async (request) => {
    const rest = known(request);
    if (rest !== undefined) {
      await send(rest);
    }
  };
};
