import type { Clock } from '#libs/clock/index.ts';
import type { ConnectRequest, Outcome, Report } from '#libs/contracts/agent.ts';
import type { DomainError } from '#libs/errors/index.ts';
import type { Allowance } from '../domain/allowance.ts';
import type { Scope } from '../domain/scope.ts';
import { MESSAGE_COST } from './allowances.ts';
import { tooManyForgeries } from './errors.ts';

/** An honest agent has no forgeries. One with damaged records has a few. */
const MAX_FORGERIES = 100;
const FORGED: ReadonlySet<string> = new Set(['TOKEN_INVALID', 'RECEIPT_INVALID']);

/** Decides what of an agent's words goes on, and how fast they are read. */
export type Trust = ReturnType<typeof createTrust>;

interface TrustOptions {
  scope: Scope;
  said: Allowance;
  deliver: (outcomes: Outcome[]) => void;
  end: (error: DomainError) => void;
  clock: Clock;
  /** Aborts when the stream is over. */
  signal: AbortSignal;
}

const costOf = (message: ConnectRequest['message']): number => {
  switch (message?.$case) {
    case 'reports':
      return MESSAGE_COST + message.value.reports.length;
    case 'progress':
      return MESSAGE_COST + message.value.tasks.length;
    case 'held':
      return MESSAGE_COST + message.value.attempts.length;
    case 'hello':
    case 'goodbye':
    case undefined:
      return MESSAGE_COST;
    default:
      return message satisfies never;
  }
};

export const createTrust = ({ scope, said, deliver, end, clock, signal }: TrustOptions) => {
  let forged = 0;
  const count = (more: number): void => {
    if (more > 0 && forged <= MAX_FORGERIES && forged + more > MAX_FORGERIES) {
      end(tooManyForgeries(forged + more));
    }
    forged += more;
  };
  const standingOf = ({ workloadId }: Report): 'own' | 'unknown' | 'foreign' => {
    if (!scope.mayReport(workloadId)) {
      return 'foreign';
    }
    return scope.isUnknown(workloadId) ? 'unknown' : 'own';
  };
  const answer = (
    reports: readonly Report[],
    verdict: Outcome['verdict'],
    reason: string,
  ): void => {
    const outcomes = reports
      .filter(({ reportId }) => reportId !== 0)
      .map(({ reportId }) => ({ reportId, verdict, reason }));
    if (outcomes.length > 0) {
      deliver(outcomes);
    }
  };
  return {
    /**
     * The reports that go on. Those of workloads that nobody knows are settled here. All others count as forgeries; if they have an
     * id, they are to be reported again, on a stream whose hello names their workload.
     */
    own(reports: readonly Report[]): Report[] {
      const { own = [], unknown = [], foreign = [] } = Object.groupBy(reports, standingOf);
      answer(unknown, 'VERDICT_SETTLED', 'WORKLOAD_UNKNOWN');
      answer(foreign, 'VERDICT_LATER', 'NOT_GIVEN');
      count(foreign.length);
      return own;
    },
    /** Whether what it says to hold of a workload goes on: it was asked. Else it counts as a forgery. */
    isAsked(workload: string): boolean {
      const isAsked = scope.takeAnswer(workload);
      count(isAsked ? 0 : 1);
      return isAsked;
    },
    /** Takes note of what became of its reports. */
    judge: (outcomes: readonly Outcome[]): void =>
      count(outcomes.filter(({ reason }) => FORGED.has(reason)).length),
    /** Resolves when the message after this one may be read. Throws `TOO_MANY_FORGERIES`. */
    async pay(message: ConnectRequest['message'], wasAsked: boolean): Promise<void> {
      if (forged > MAX_FORGERIES) {
        throw tooManyForgeries(forged);
      }
      const waitMs = wasAsked ? 0 : said.spend(costOf(message));
      if (waitMs > 0) {
        await clock.sleep(waitMs, signal);
      }
    },
  };
};
