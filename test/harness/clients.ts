import { BlobServiceService, ObjectServiceService } from '#libs/contracts/blob.ts';
import { CustomerServiceService, WorkloadServiceService } from '#libs/contracts/session.ts';
import {
  DemandServiceService,
  MachineServiceService,
  UserServiceService,
} from '#libs/contracts/user.ts';
import { createClient } from '#libs/grpc/index.ts';

/** The addresses of a mesh's services. */
interface Endpoints {
  session: string;
  user: string;
  blob: string;
}

export type Clients = ReturnType<typeof createClients>;

/** Clients of all services, with one caller's token. */
export const createClients = (endpoints: Endpoints, token: string) => {
  const clients = {
    workloads: createClient(WorkloadServiceService, { target: endpoints.session, token }),
    customers: createClient(CustomerServiceService, { target: endpoints.session, token }),
    users: createClient(UserServiceService, { target: endpoints.user, token }),
    machines: createClient(MachineServiceService, { target: endpoints.user, token }),
    demands: createClient(DemandServiceService, { target: endpoints.user, token }),
    blobs: createClient(BlobServiceService, { target: endpoints.blob, token }),
    objects: createClient(ObjectServiceService, { target: endpoints.blob, token }),
  };
  return {
    ...clients,
    [Symbol.dispose]: (): void => {
      for (const client of Object.values(clients)) {
        client.close();
      }
    },
  };
};
