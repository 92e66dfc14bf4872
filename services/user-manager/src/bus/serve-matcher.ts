import {
  type BarredMachine,
  ListDemandsRequest,
  ListDemandsResponse,
  RemoveDemandResponse,
  RemoveUsersDemandCompletely,
  SetDemandResponse,
  UpdateUserCount,
  UsersReleased,
  UsersReleasedReply,
} from '#libs/contracts/user.ts';
import { matcherSubject, type MatcherVerb } from '#libs/mesh/index.ts';
import type { Bus, Serving } from '#libs/nats/index.ts';
import type { Matching } from '../matching/matching.ts';
import { pageOfDemands, parseDemand, parseReleased, parseRemoval } from '../wire/demand.ts';

/**
 * Answers the matcher's verbs, until closed. `check` throws if this instance may no longer be the one that matches; `barred` are the
 * machines that were barred last.
 */
export const serveMatcher = (
  bus: Pick<Bus, 'serve'>,
  matching: Matching,
  check: () => void,
  barred: () => BarredMachine[],
): Serving[] => {
  const serve = (verb: MatcherVerb, handle: (bytes: Uint8Array) => Promise<Uint8Array>) =>
    bus.serve(matcherSubject(verb), async (bytes) => {
      check();
      return handle(bytes);
    });
  return [
    // Two names of one message.
    ...(['more-users', 'update-user-count'] as const).map((verb) =>
      serve(verb, async (bytes) => {
        const demand = parseDemand(UpdateUserCount.decode(bytes).demand);
        const answer = await matching.setDemand(demand);
        return SetDemandResponse.encode({ ...answer, barred: barred() }).finish();
      }),
    ),
    serve('remove-users-demand-completely', async (bytes) => {
      await matching.removeDemand(parseRemoval(RemoveUsersDemandCompletely.decode(bytes).demand));
      return RemoveDemandResponse.encode({}).finish();
    }),
    serve('users-released', async (bytes) => {
      await matching.usersReleased(parseReleased(UsersReleased.decode(bytes)));
      return UsersReleasedReply.encode({}).finish();
    }),
    serve('list-demands', async (bytes) =>
      ListDemandsResponse.encode(
        pageOfDemands(matching.listDemands(), ListDemandsRequest.decode(bytes)),
      ).finish(),
    ),
  ];
};
