import type { DeleteMachineRequest, DeleteMachineResponse } from '#libs/contracts/user.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { requireText } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { isConnected } from '../domain/user.ts';
import { disconnect, endStream } from '../stream/end-stream.ts';
import { machineNotFound } from './errors.ts';

export const deleteMachine =
  (ctx: Context): Unary<DeleteMachineRequest, DeleteMachineResponse> =>
  async (request) => {
    const id = requireText('machine_id', request.machineId);
    const [wasThere, user] = [await ctx.machines.remove(id), await ctx.users.get(id)];
    // A record without a machine is what an earlier call left that could not be finished.
    if (!wasThere && user === undefined) {
      throw machineNotFound(id);
    }
    ctx.events.machineDeleted(id);
    if (user !== undefined && isConnected(user)) {
      await disconnect(ctx, { userId: id, connectionId: user.connection }, false);
      await endStream(ctx, user, 'END_STREAM_REASON_MACHINE_DELETED');
    }
    await ctx.users.remove(id);
    return {};
  };
