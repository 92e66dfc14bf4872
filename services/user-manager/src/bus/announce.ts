import { UserChanged } from '#libs/contracts/user.ts';
import type { Bus, Serving } from '#libs/nats/index.ts';
import type { Roster } from '../domain/roster.ts';
import { changeFromProto, changeToProto } from '../domain/user-proto.ts';
import type { UserRecord } from '../domain/user.ts';
import { userChangedSubject } from './subjects.ts';

/** Tells this process and all other user-managers of a change that the database has. */
export type Announce = (user: UserRecord) => void;

/** Takes it into the roster at once and publishes it. */
export const announceOver =
  (bus: Pick<Bus, 'publish'>, roster: Roster): Announce =>
  (user) => {
    roster.apply(user);
    bus.publish(userChangedSubject, UserChanged.encode(changeToProto(user)).finish());
  };

/** Takes what others announce into the roster, until closed. */
export const listenForChanges = (bus: Pick<Bus, 'serve'>, roster: Roster): Serving =>
  bus.serve(userChangedSubject, async (bytes) => {
    const user = changeFromProto(UserChanged.decode(bytes));
    if (user !== undefined) {
      roster.apply(user);
    }
    return undefined;
  });
