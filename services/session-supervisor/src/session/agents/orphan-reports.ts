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
  const verdictOn = async (workload: string): Promise<Pick<Outcome, 'verdict' | 'reason'>> => {
    const document = await workloads.find(workload);
    if (document === undefined) {
      return { verdict: Verdict.SETTLED, reason: 'WORKLOAD_UNKNOWN' };
    }
    return document.owner === null
      ? { verdict: Verdict.SETTLED, reason: 'WORKLOAD_ENDED' }
      : { verdict: Verdict.LATER, reason: 'NO_OWNER' };
  };
  return bus.serve(
    ANY_REPORT_SUBJECT,
    async (bytes) => {
      const { reports, userId: id, userName: name = id } = UserFrameRendered.decode(bytes);
      logger.debug({ user: id, reports: reports.length }, 'reports of workloads without an owner');
      const outcomes: Outcome[] = [];
      for (const [workload, own] of Map.groupBy(reports, ({ workloadId }) => workloadId)) {
        const verdict = await verdictOn(workload);
        for (const { reportId } of own.filter((report) => report.reportId !== 0)) {
          outcomes.push({ reportId, ...verdict });
          if (verdict.reason === 'WORKLOAD_ENDED') {
            refusals.count(workload, { id, name }, verdict.reason);
          }
        }
      }
      return UserFrameRenderedReply.encode({ outcomes }).finish();
    },
    { queue: 'session-supervisors' },
  );
};
