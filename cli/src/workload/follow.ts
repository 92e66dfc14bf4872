import {
  WorkloadState,
  type WatchWorkloadResponse,
  type Workload,
} from '#libs/contracts/session.ts';
import type { Mesh } from '../mesh.ts';
import { createPatience, type PatienceOptions } from '../patience.ts';
import { workloadsOf } from './client.ts';

const ends: ReadonlySet<WorkloadState> = new Set([
  WorkloadState.COMPLETED,
  WorkloadState.FAILED,
  WorkloadState.STOPPED,
]);

/** Whether the workload will not go on by itself. */
export const hasEnded = (workload: Workload): boolean => ends.has(workload.state);

/** A command gives up on a mesh that is away for longer. */
export const PATIENCE_MS = 5 * 60_000;

/**
 * Every state of a workload up to its end, never going back: rides over replicas that go away, and drops what an older
 * journal position shows. Throws when the mesh stays away for longer than patience lasts, on any other error, and on
 * Ctrl-C.
 */
export async function* follow(
  mesh: Mesh,
  workloadId: string,
  options: PatienceOptions,
): AsyncGenerator<WatchWorkloadResponse & { workload: Workload }> {
  const { clock, signal } = options;
  const patience = createPatience(options);
  let revision = 0;
  for (;;) {
    try {
      for await (const seen of workloadsOf(mesh).watchWorkload(
        { workloadId, customerId: '' },
        { signal },
      )) {
        patience.worked();
        const { workload } = seen;
        if (workload === undefined || seen.revision < revision) {
          continue;
        }
        revision = seen.revision;
        yield { ...seen, workload };
        if (hasEnded(workload)) {
          return;
        }
      }
      // A replica that drains ends its streams without an error; another replica goes on.
      await clock.sleep(RECONNECT_MS, signal);
    } catch (error) {
      await patience.failed(error);
    }
  }
}

const RECONNECT_MS = 250;
