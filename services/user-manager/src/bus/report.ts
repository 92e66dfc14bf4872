import type { Outcome, Report } from '#libs/contracts/agent.ts';
import { UserFrameRendered, UserFrameRenderedReply } from '#libs/contracts/session.ts';
import { isDomainError } from '#libs/errors/index.ts';
import { ANY_REPORT_SUBJECT, sessionSubject } from '#libs/mesh/index.ts';
import type { Bus } from '#libs/nats/index.ts';
import type { StreamId } from './sessions.ts';

/** A session that has not answered by then may be dead; the agent reports again. */
const ANSWER_MS = 5_000;

/** Hands reports to whoever can decide them; answers one outcome for each with a `report_id`, and never rejects. */
export type Reporting = (
  stream: StreamId & { userName: string },
  workload: string,
  reports: Report[],
) => Promise<Outcome[]>;

const isNobodyThere = (thrown: unknown): boolean =>
  isDomainError(thrown) && thrown.reason === 'NO_RESPONDER';

const reasonOf = (thrown: unknown): string => (isDomainError(thrown) ? thrown.reason : 'INTERNAL');

/** Gives every report an outcome. The agent reports again what the answer leaves out. */
const complete = (
  reports: readonly Report[],
  outcomes: readonly Outcome[],
  reason: string,
): Outcome[] => {
  const answered = new Map(outcomes.map((outcome) => [outcome.reportId, outcome]));
  return reports.flatMap(({ reportId }) =>
    reportId === 0
      ? []
      : [answered.get(reportId) ?? { reportId, verdict: 'VERDICT_LATER' as const, reason }],
  );
};

/** Asks the session's owner. If nobody owns it, asks any supervisor. If nobody answers, the verdict is LATER. */
export const reportOver =
  (bus: Pick<Bus, 'request'>, onTrouble: (workload: string, thrown: unknown) => void): Reporting =>
  async (stream, workload, reports) => {
    const bytes = UserFrameRendered.encode({ ...stream, reports }).finish();
    const ask = async (subject: string): Promise<Outcome[]> =>
      UserFrameRenderedReply.decode(await bus.request(subject, bytes, { timeoutMs: ANSWER_MS }))
        .outcomes;
    try {
      const outcomes = await ask(sessionSubject(workload, 'user-frame-rendered')).catch(
        (thrown: unknown) => {
          if (!isNobodyThere(thrown)) {
            throw thrown;
          }
          return ask(ANY_REPORT_SUBJECT);
        },
      );
      return complete(reports, outcomes, 'NOT_ANSWERED');
    } catch (thrown) {
      onTrouble(workload, thrown);
      return complete(reports, [], isNobodyThere(thrown) ? 'NO_OWNER' : reasonOf(thrown));
    }
  };
