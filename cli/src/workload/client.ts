import { WorkloadServiceService, type Workload } from '#libs/contracts/session.ts';
import type { Client } from '#libs/grpc/index.ts';
import type { Mesh } from '../mesh.ts';

export const workloadsOf = (mesh: Pick<Mesh, 'client'>): Client<typeof WorkloadServiceService> =>
  mesh.client(WorkloadServiceService, 'customer');

/** The workload of an answer, which always carries one. */
export const workloadIn = ({ workload }: { workload: Workload | undefined }): Workload => {
  if (workload === undefined) {
    throw new TypeError('the session supervisor answered no workload');
  }
  return workload;
};
