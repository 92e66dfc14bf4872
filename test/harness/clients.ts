import { BlobServiceService, ObjectServiceService } from '#libs/contracts/blob.ts';
import { CustomerServiceService, WorkloadServiceService } from '#libs/contracts/session.ts';
import {
  DemandServiceService,
  MachineServiceService,
  UserServiceService,
} from '#libs/contracts/user.ts';
import { createClient, type Client } from '#libs/grpc/index.ts';

/** The addresses of a mesh's services. */
export interface Endpoints {
  session: string;
  user: string;
  blob: string;
}

/** Clients of all services, with one caller's token. */
export interface Clients extends Disposable {
  workloads: Client<typeof WorkloadServiceService>;
  customers: Client<typeof CustomerServiceService>;
  users: Client<typeof UserServiceService>;
  machines: Client<typeof MachineServiceService>;
  demands: Client<typeof DemandServiceService>;
  blobs: Client<typeof BlobServiceService>;
  objects: Client<typeof ObjectServiceService>;
}

export const createClients = (endpoints: Endpoints, token: string): Clients => {
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
    [Symbol.dispose]: () => {
      for (const client of Object.values(clients)) {
        client.close();
      }
    },
  };
};
