import type { Machine, MachineStatus } from '#libs/contracts/user.ts';
import { isConnected, type UserRecord } from '../domain/user.ts';
import type { MachineDocument } from '../store/machines.ts';

const statusOf = (user: UserRecord | undefined): MachineStatus => {
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
  status: statusOf(user),
  createTime: new Date(machine.createdAtMs),
  lastSeenTime: machine.lastSeenAtMs === undefined ? undefined : new Date(machine.lastSeenAtMs),
});
