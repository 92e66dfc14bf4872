import type { Outcome, Report } from '#libs/contracts/agent.ts';

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
    case 'started':
    case undefined:
      return REPORT_BYTES;
    default:
      return body satisfies never;
  }
};

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

/** Sends the reports of one turn of the event loop together, in one request for each workload. */
export const createReportSender = ({ ask, deliver, onSent }: ReportSenderOptions) => {
  let waiting: Report[] = [];
  let inFlight = 0;
  let room: PromiseWithResolvers<void> | undefined;
  let idle: PromiseWithResolvers<void> | undefined;

  const send = async (workload: string, reports: Report[]): Promise<void> => {
    const outcomes = await ask(workload, reports);
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

  const flush = (): void => {
    const reports = waiting;
    waiting = [];
    inFlight += reports.length;
    for (const [workload, own] of Map.groupBy(reports, ({ workloadId }) => workloadId)) {
      for (const chunk of chunks(own)) {
        void send(workload, chunk);
      }
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
