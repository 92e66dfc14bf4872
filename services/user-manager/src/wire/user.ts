import type {
  AssignedUser,
  DrainRequest,
  User,
  UserChanged,
  UserState,
  Machine,
  MachineStatus,
} from '#libs/contracts/user.ts';
import { type ConnectedUser, type Drain, type UserRecord, isConnected } from '../domain/user.ts';
import type { MachineDocument } from '../store/machines.ts';

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
  ownerId: user.owner,
  goodLooks: user.goodLooks,
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
    owner: user.ownerId,
    goodLooks: user.goodLooks,
  };

/** A user as its session sees it. `isWantedBack` says that another session waits for this user. */
export const assignedToProto = (user: ConnectedUser, isWantedBack: boolean): AssignedUser => ({
  claim: { userId: user.id, connectionId: user.connection, claim: user.claim },
  name: user.name,
  managerId: user.manager,
  slots: user.slots,
  capability: user.capability,
  drain: user.drain === 'none' && isWantedBack ? drains['after-task'] : drains[user.drain],
  ownerId: user.owner,
  goodLooks: user.goodLooks,
});

const statusOf = ({ barred }: MachineDocument, user: UserRecord | undefined): MachineStatus => {
  if (barred !== undefined) {
    return 'MACHINE_STATUS_BARRED';
  }
  if (user === undefined || !isConnected(user)) {
    return 'MACHINE_STATUS_AVAILABLE';
  }
  if (user.drain !== 'none') {
    return 'MACHINE_STATUS_MAINTENANCE';
  }
  return user.session === null ? 'MACHINE_STATUS_AVAILABLE' : 'MACHINE_STATUS_BUSY';
};

/** A machine as the API shows it; `user` is its record as a user, if it ever connected. */
export const machineToProto = (
  machine: MachineDocument,
  user: UserRecord | undefined,
): Machine => ({
  machineId: machine._id,
  name: machine.name,
  status: statusOf(machine, user),
  createTime: new Date(machine.createdAtMs),
  lastSeenTime: machine.lastSeenAtMs === undefined ? undefined : new Date(machine.lastSeenAtMs),
  ownerId: machine.owner ?? '',
  goodLooks: machine.goodLooks ?? 0,
  barredReason: machine.barred?.reason ?? '',
  contradictions: machine.contradictions ?? 0,
  barTime: machine.barred === undefined ? undefined : new Date(machine.barred.atMs),
});
