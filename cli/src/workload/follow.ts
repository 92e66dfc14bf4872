import {
  WorkloadState,
  type WatchWorkloadResponse,
  type Workload,
} from '#libs/contracts/session.ts';
import type { Mesh } from '../mesh.ts';
import { createPatience, type PatienceOptions } from '../patience.ts';
import { workloadsOf } from './client.ts';

/** A workload in one of these does not go on by itself. */
const ends: ReadonlySet<WorkloadState> = new Set([
  WorkloadState.COMPLETED,
  WorkloadState.FAILED,
  WorkloadState.STOPPED,
]);

/** A command gives up on a mesh that is away for longer. */
export const PATIENCE_MS = 5 * 60_000;
const RECONNECT_MS = 250;

/**
 * Every state of a workload up to its end, never going back to an older journal position, through replicas that go away.
 * Throws when patience with the mesh is over, on any other error, and on Ctrl-C.
 */
export async function* follow(
  mesh: Mesh,
  workloadId: string,
  options: PatienceOptions,
): AsyncGenerator<WatchWorkloadResponse & { workload: Workload }> {
  const { clock, signal } = options;
  const { watchWorkload } = workloadsOf(mesh);
  const patience = createPatience(options);
  let revision = 0;
  for (;;) {
    try {
      const states = watchWorkload({ workloadId, customerId: '' }, { signal });
      for await (const seen of states) {
        patience.worked();
        const { workload } = seen;
        if (workload === undefined || seen.revision < revision) {
          continue;
        }
        revision = seen.revision;
        yield { ...seen, workload };
        if (ends.has(workload.state)) {
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
