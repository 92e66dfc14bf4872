import { WorkloadStanding, WorkloadStandingReply } from '#libs/contracts/session.ts';
import { WORKLOAD_STANDING_SUBJECT } from '#libs/mesh/index.ts';
import type { Serving } from '#libs/nats/index.ts';
import { isOver } from '../../domain/state/workload.ts';
import { kindOf } from '../../kinds/kinds.ts';
import type { SessionDeps } from '../owner/deps.ts';
import type { Reads } from '../reads/reads.ts';

/** Tells blob whether results of a workload can still be accepted, and which extensions they have. One replica takes each question. */
export const serveWorkloadStanding = ({
  bus,
  reads,
}: Pick<SessionDeps, 'bus'> & { reads: Pick<Reads, 'view'> }): Serving =>
  bus.serve(
    WORKLOAD_STANDING_SUBJECT,
    async (bytes) => {
      const { workloadId, node } = WorkloadStanding.decode(bytes);
      const view = await reads.view(workloadId);
      if (view === undefined || isOver(view.state)) {
        return WorkloadStandingReply.encode({ takesResults: false, extensions: [] }).finish();
      }
      const { spec } = view.state.header;
      const extensions = [...kindOf(spec).resultExtensions(spec, node)];
      return WorkloadStandingReply.encode({ takesResults: true, extensions }).finish();
    },
    { queue: 'session-supervisors' },
  );
