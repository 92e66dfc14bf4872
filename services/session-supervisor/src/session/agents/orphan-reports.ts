import { UserFrameRendered, UserFrameRenderedReply } from '#libs/contracts/session.ts';
import { Verdict, type Outcome } from '#libs/contracts/agent.ts';
import { ANY_REPORT_SUBJECT } from '#libs/mesh/index.ts';
import type { Serving } from '#libs/nats/index.ts';
import type { SessionDeps } from '../owner/deps.ts';

/**
 * Takes reports of workloads that had no owner when the reports came. One replica takes each message. If a result can still
 * be accepted, the answer is LATER and the agent reports it again; otherwise the report is SETTLED.
 */
export const serveOrphanReports = ({ bus, workloads, refusals, logger }: SessionDeps): Serving => {
  const verdictFor = async (workload: string): Promise<Pick<Outcome, 'verdict' | 'reason'>> => {
    const document = await workloads.find(workload);
    if (document === undefined) {
      return { verdict: Verdict.SETTLED, reason: 'WORKLOAD_UNKNOWN' };
    }
    if (document.owner === null) {
      return { verdict: Verdict.SETTLED, reason: 'WORKLOAD_ENDED' };
    }
    return { verdict: Verdict.LATER, reason: 'NO_OWNER' };
  };
  return bus.serve(
    ANY_REPORT_SUBJECT,
    async (bytes) => {
      const { reports, userId } = UserFrameRendered.decode(bytes);
      const verdicts = new Map<string, Pick<Outcome, 'verdict' | 'reason'>>();
      for (const { workloadId } of reports) {
        if (!verdicts.has(workloadId)) {
          verdicts.set(workloadId, await verdictFor(workloadId));
        }
      }
      logger.debug(
        { user: userId, reports: reports.length },
        'reports of workloads without an owner',
      );
      const outcomes = reports.flatMap(({ reportId, workloadId }) => {
        const verdict = verdicts.get(workloadId);
        if (reportId === 0 || verdict === undefined) {
          return [];
        }
        if (verdict.reason === 'WORKLOAD_ENDED') {
          refusals.count(workloadId, userId, verdict.reason);
        }
        return [{ reportId, ...verdict }];
      });
      return UserFrameRenderedReply.encode({ outcomes }).finish();
    },
    { queue: 'session-supervisors' },
  );
};
