import type { ListMachinesRequest, ListMachinesResponse } from '#libs/contracts/user.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { cutPage, parsePage } from '#libs/pages/index.ts';
import type { Context } from '../context.ts';
import { machineToProto } from '../wire/user.ts';

export const listMachines =
  (ctx: Context): Unary<ListMachinesRequest, ListMachinesResponse> =>
  async (request) => {
    const { size, after } = parsePage(request, 'machines', 1);
    const found = await ctx.machines.list({
      ...(after === undefined ? {} : { after: after[0] ?? '' }),
      limit: size + 1,
    });
    const { page, nextPageToken } = cutPage(found, size, 'machines', ({ name }) => [name]);
    const users = await ctx.users.getMany(page.map(({ _id }) => _id));
    const byId = new Map(users.map((user) => [user.id, user]));
    return {
      machines: page.map((machine) => machineToProto(machine, byId.get(machine._id))),
      nextPageToken,
    };
  };
