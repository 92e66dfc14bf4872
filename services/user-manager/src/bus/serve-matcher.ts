import {
  ListDemandsRequest,
  ListDemandsResponse,
  MoreUsers,
  RemoveDemandResponse,
  RemoveUsersDemandCompletely,
  SetDemandResponse,
  UpdateUserCount,
  UsersReleased,
  UsersReleasedReply,
  type Demand,
} from '#libs/contracts/user.ts';
import { matcherSubject, type MatcherVerb } from '#libs/mesh/index.ts';
import type { Bus } from '#libs/nats/index.ts';
import type { Matching } from '../matching/matching.ts';
import { pageOfDemands, parseDemand, parseReleased, parseRemoval } from '../wire/demand.ts';
import { type Served, together } from './served.ts';

/** Answers the matcher's verbs, until closed. `check` throws if this instance may no longer be the one that matches. */
export const serveMatcher = (
  bus: Pick<Bus, 'serve'>,
  matching: Matching,
  check: () => void,
): Served => {
  const serve = (verb: MatcherVerb, handle: (bytes: Uint8Array) => Promise<Uint8Array>) =>
    bus.serve(matcherSubject(verb), async (bytes) => {
      check();
      return handle(bytes);
    });
  const state = async (demand: Demand | undefined): Promise<Uint8Array> =>
    SetDemandResponse.encode(await matching.setDemand(parseDemand(demand))).finish();
  const serving = [
    serve('more-users', (bytes) => state(MoreUsers.decode(bytes).demand)),
    serve('update-user-count', (bytes) => state(UpdateUserCount.decode(bytes).demand)),
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
  return together(serving);
};
