import { SandboxLevel } from '#libs/contracts/agent.ts';
import { DrainRequest, type AssignedUser } from '#libs/contracts/user.ts';
import type { UserRecord } from '../../services/user-manager/src/domain/user.ts';

/** A connected user as MongoDB has it: who changes it must find the connection that it saw. */
export interface Registered {
  id: string;
  connection: string;
  manager: string;
  session: string | null;
  claim: number;
  /** When a session last confirmed the claim, or it was made. */
  confirmedAt: number;
  isTold: boolean;
}

export const CAPABILITY: UserRecord['capability'] = {
  cpus: 1,
  memoryBytes: 2 ** 30,
  engines: [{ name: 'noop', version: '1' }],
  sandbox: SandboxLevel.NONE,
};

/** A user as sessions are told of it. */
export const assignedOf = ({ id, connection, claim, manager }: Registered): AssignedUser => ({
  claim: { userId: id, connectionId: connection, claim },
  name: `name of ${id}`,
  managerId: manager,
  slots: 1,
  capability: CAPABILITY,
  drain: DrainRequest.UNSPECIFIED,
});
