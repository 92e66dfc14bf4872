import { UserChanged } from '#libs/contracts/user.ts';
import { USER_CHANGED_SUBJECT } from '#libs/mesh/index.ts';
import type { Bus, Serving } from '#libs/nats/index.ts';
import type { Roster } from '../domain/roster.ts';
import { changeFromProto, changeToProto } from '../wire/user.ts';
import type { UserRecord } from '../domain/user.ts';

/** Tells this process and all other user-managers of a change that the database has. */
export type Announce = (user: UserRecord) => void;

export const announceOver =
  (bus: Pick<Bus, 'publish'>, roster: Roster): Announce =>
  (user) => {
    roster.apply(user);
    bus.publish(USER_CHANGED_SUBJECT, UserChanged.encode(changeToProto(user)).finish());
  };

/** Takes what others announce into the roster, until closed. */
export const listenForChanges = (bus: Pick<Bus, 'serve'>, roster: Roster): Serving =>
  bus.serve(USER_CHANGED_SUBJECT, async (bytes) => {
    const user = changeFromProto(UserChanged.decode(bytes));
    if (user !== undefined) {
      roster.apply(user);
    }
    return undefined;
  });
