import type { Clock } from '#libs/clock/index.ts';
import type { Outcome, Report } from '#libs/contracts/agent.ts';
import type { Allowance } from '../domain/allowance.ts';

/** The bound on one agent's undecided reports, above what it has at a time. At the bound its stream is not read. */
const MAX_IN_FLIGHT = 5_000;
// One request stays well below the mebibyte that a NATS message may have.
const MAX_REPORTS_PER_REQUEST = 500;
const MAX_BYTES_PER_REQUEST = 256 * 1_024;
const REPORT_BYTES = 400;

/** Gathers an agent's reports and passes them on in batches. */
export type ReportSender = ReturnType<typeof createReportSender>;

interface ReportSenderOptions {
  /** Never rejects. */
  ask: (workload: string, reports: Report[]) => Promise<Outcome[]>;
  /** Whether the agent serves the workload now. Requests about others take their turn. */
  isServed: (workload: string) => boolean;
  former: Allowance;
  clock: Clock;
  /** Aborts when the stream is over. */
  signal: AbortSignal;
  deliver: (outcomes: Outcome[]) => void;
  /** Called with all reports of a turn after they were sent. */
  onSent: (reports: readonly Report[]) => void;
}

const sizeOf = ({ body }: Report): number => {
  switch (body?.$case) {
    case 'completed':
      return REPORT_BYTES + body.value.notes.reduce((sum, note) => sum + 3 * note.length, 0);
    case 'failed':
      return (
        REPORT_BYTES +
        3 * body.value.reason.length +
        body.value.names.reduce((sum, name) => sum + 3 * name.length + 4, 0)
      );
    case 'checkpointed':
      return REPORT_BYTES + 3 * body.value.name.length;
    case 'yielded':
      return REPORT_BYTES + 3 * body.value.reason.length;
    case 'started':
    case undefined:
      return REPORT_BYTES;
    default:
      return body satisfies never;
  }
};

const hasNoOutcome = ({ reportId }: Report): 'true' | 'false' =>
  reportId === 0 ? 'true' : 'false';

/** Cuts the reports of one workload into what one request may carry. */
const chunks = (reports: readonly Report[]): Report[][] => {
  const all: Report[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const report of reports) {
    const size = sizeOf(report);
    const last = all.at(-1);
    if (
      last === undefined ||
      last.length >= MAX_REPORTS_PER_REQUEST ||
      bytes + size > MAX_BYTES_PER_REQUEST
    ) {
      all.push([report]);
      bytes = size;
    } else {
      last.push(report);
      bytes += size;
    }
  }
  return all;
};

/**
 * Sends the reports of one turn of the event loop together, in one request for each workload. Those of workloads that the agent
 * serves no longer, such as its outbox, go out one request after another, no faster than it has an allowance.
 */
export const createReportSender = ({
  ask,
  isServed,
  former,
  clock,
  signal,
  deliver,
  onSent,
}: ReportSenderOptions) => {
  const queued = new Map<string, Report[]>();
  let isSendingQueued = false;
  let waiting: Report[] = [];
  let inFlight = 0;
  let room: PromiseWithResolvers<void> | undefined;
  let idle: PromiseWithResolvers<void> | undefined;

  const decided = (reports: readonly Report[], outcomes: Outcome[]): void => {
    inFlight -= reports.length;
    if (outcomes.length > 0) {
      deliver(outcomes);
    }
    if (inFlight + waiting.length < MAX_IN_FLIGHT) {
      room?.resolve();
      room = undefined;
    }
    if (inFlight + waiting.length === 0) {
      idle?.resolve();
      idle = undefined;
    }
  };
  const send = async (workload: string, reports: Report[]): Promise<void> =>
    decided(reports, await ask(workload, reports));

  const sendQueued = async (): Promise<void> => {
    isSendingQueued = true;
    for (const [workload, reports] of queued) {
      queued.delete(workload);
      for (const chunk of chunks(reports)) {
        const waitMs = former.spend(1);
        if (waitMs > 0) {
          await clock.sleep(waitMs, signal).catch(() => undefined);
        }
        if (signal.aborted) {
          decided(chunk, []);
        } else {
          void send(workload, chunk);
        }
      }
    }
    isSendingQueued = false;
  };

  const flush = (): void => {
    const reports = waiting;
    waiting = [];
    inFlight += reports.length;
    for (const [workload, own] of Map.groupBy(reports, ({ workloadId }) => workloadId)) {
      if (isServed(workload)) {
        for (const chunk of chunks(own)) {
          void send(workload, chunk);
        }
      } else {
        // It has stopped that work, so nobody needs to hear that it began.
        const { true: begun = [], false: ended = [] } = Object.groupBy(own, hasNoOutcome);
        decided(begun, []);
        if (ended.length > 0) {
          queued.set(workload, [...(queued.get(workload) ?? []), ...ended]);
        }
      }
    }
    if (queued.size > 0 && !isSendingQueued) {
      void sendQueued();
    }
    onSent(reports);
  };

  return {
    add(reports: readonly Report[]): void {
      if (reports.length > 0 && waiting.length === 0) {
        setImmediate(flush);
      }
      waiting.push(...reports);
    },
    /** Resolves when more may be read; undefined if that is now. */
    room: (): Promise<void> | undefined =>
      inFlight + waiting.length < MAX_IN_FLIGHT
        ? undefined
        : (room ??= Promise.withResolvers()).promise,
    /** Resolves when everything has its outcome. */
    idle: (): Promise<void> =>
      inFlight + waiting.length === 0
        ? Promise.resolve()
        : (idle ??= Promise.withResolvers()).promise,
  };
};
