import {
  DemandServiceService,
  MachineServiceService,
  UserServiceService,
} from '#libs/contracts/user.ts';
import { implement, type ServiceBinding } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { agentService } from '../stream/reading.ts';
import { connect } from './connect.ts';
import { createMachine } from './create-machine.ts';
import { deleteMachine } from './delete-machine.ts';
import { drainUser } from './drain-user.ts';
import { getMachine } from './get-machine.ts';
import { getUser } from './get-user.ts';
import { listDemands } from './list-demands.ts';
import { listMachines } from './list-machines.ts';
import { listUsers } from './list-users.ts';
import { removeDemand } from './remove-demand.ts';
import { setDemand } from './set-demand.ts';
import { watchUsers } from './watch-users.ts';

export const services = (ctx: Context): ServiceBinding[] => [
  implement(agentService, { connect: connect(ctx) }),
  implement(UserServiceService, {
    listUsers: listUsers(ctx),
    getUser: getUser(ctx),
    watchUsers: watchUsers(ctx),
    drainUser: drainUser(ctx),
  }),
  implement(MachineServiceService, {
    createMachine: createMachine(ctx),
    getMachine: getMachine(ctx),
    listMachines: listMachines(ctx),
    deleteMachine: deleteMachine(ctx),
  }),
  implement(DemandServiceService, {
    setDemand: setDemand(ctx),
    removeDemand: removeDemand(ctx),
    listDemands: listDemands(ctx),
  }),
];
