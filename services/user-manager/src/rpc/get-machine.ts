import type { GetMachineRequest, GetMachineResponse } from '#libs/contracts/user.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { requireText } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { machineNotFound } from './errors.ts';
import { machineToProto } from '../wire/user.ts';

export const getMachine =
  (ctx: Context): Unary<GetMachineRequest, GetMachineResponse> =>
  async (request) => {
    const id = requireText('machine_id', request.machineId);
    const [machine, user] = await Promise.all([ctx.machines.get(id), ctx.users.get(id)]);
    if (machine === undefined) {
      throw machineNotFound(id);
    }
    return { machine: machineToProto(machine, user) };
  };
