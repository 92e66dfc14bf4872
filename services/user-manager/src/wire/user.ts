import type {
  AssignedUser,
  DrainRequest,
  User,
  UserChanged,
  UserState,
} from '#libs/contracts/user.ts';
import type { ConnectedUser, Drain, UserRecord } from '../domain/user.ts';

const drains = {
  none: 'DRAIN_REQUEST_UNSPECIFIED',
  'after-task': 'DRAIN_REQUEST_AFTER_TASK',
  now: 'DRAIN_REQUEST_NOW',
} as const satisfies Record<Drain, DrainRequest>;

const toDrain = (request: DrainRequest): Drain => {
  switch (request) {
    case 'DRAIN_REQUEST_AFTER_TASK':
      return 'after-task';
    case 'DRAIN_REQUEST_NOW':
      return 'now';
    case 'DRAIN_REQUEST_UNSPECIFIED':
    case 'UNRECOGNIZED':
      return 'none';
    default:
      return request satisfies never;
  }
};

const stateOf = ({ connection, drain, session }: UserRecord): UserState => {
  if (connection === null) {
    return 'USER_STATE_DISCONNECTED';
  }
  if (drain !== 'none') {
    return 'USER_STATE_DRAINING';
  }
  return session === null ? 'USER_STATE_IDLE' : 'USER_STATE_BUSY';
};

/** A user as the API shows it. */
export const userToProto = (user: UserRecord): User => ({
  userId: user.id,
  name: user.name,
  state: stateOf(user),
  workloadId: user.session ?? '',
  slots: user.slots,
  capability: user.capability,
  agentVersion: user.agentVersion,
  managerId: user.manager,
  connectionId: user.connection ?? '',
  connectTime: new Date(user.connectedAtMs),
  claim: user.claim,
});

/** What user-managers tell each other about a user. */
export const changeToProto = (user: UserRecord): UserChanged => ({
  user: userToProto(user),
  version: user.version,
  drain: drains[user.drain],
});

/** Reads the record from such a message; undefined if there is none. */
export const changeFromProto = ({ user, version, drain }: UserChanged): UserRecord | undefined =>
  user?.capability && {
    id: user.userId,
    name: user.name,
    manager: user.managerId,
    connection: user.connectionId === '' ? null : user.connectionId,
    session: user.workloadId === '' ? null : user.workloadId,
    claim: user.claim,
    version,
    slots: user.slots,
    capability: user.capability,
    agentVersion: user.agentVersion,
    connectedAtMs: user.connectTime?.getTime() ?? 0,
    drain: toDrain(drain),
  };

/** A user as its session sees it. `isWantedBack` says that another session waits for this user. */
export const assignedToProto = (user: ConnectedUser, isWantedBack: boolean): AssignedUser => ({
  claim: { userId: user.id, connectionId: user.connection, claim: user.claim },
  name: user.name,
  managerId: user.manager,
  slots: user.slots,
  capability: user.capability,
  drain: user.drain === 'none' && isWantedBack ? drains['after-task'] : drains[user.drain],
});
