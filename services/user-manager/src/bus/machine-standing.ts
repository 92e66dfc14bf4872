import { MachineStanding, MachineStandingReply } from '#libs/contracts/user.ts';
import { MACHINE_STANDING_SUBJECT } from '#libs/mesh/index.ts';
import type { Serving } from '#libs/nats/index.ts';
import type { Context } from '../context.ts';

/** Tells blob whether a machine is still enrolled. One replica takes each question. */
export const serveMachineStanding = ({
  bus,
  machines,
}: Pick<Context, 'bus' | 'machines'>): Serving =>
  bus.serve(
    MACHINE_STANDING_SUBJECT,
    async (bytes) => {
      const { machineId } = MachineStanding.decode(bytes);
      const isEnrolled = (await machines.get(machineId)) !== undefined;
      return MachineStandingReply.encode({ isEnrolled }).finish();
    },
    { queue: 'user-managers' },
  );
