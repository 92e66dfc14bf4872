import { backoffMs } from '#libs/async/index.ts';
import type { Outcome, Report } from '#libs/contracts/agent.ts';

/** A report that wants a verdict, without its number. */
export type Unnumbered = Omit<Report, 'reportId'>;

/** The verdicts on reports, by the keys of the reports. */
export interface Verdicts {
  /** Accepted or settled: nobody needs these reports any more. */
  done: { key: string; isAccepted: boolean; reason: string }[];
  /** Answered with `LATER`: these reports are ready again after a pause. */
  later: string[];
}

/** The reports that the mesh has not decided yet. */
export type PendingReports = ReturnType<typeof noReports>;

interface Pending {
  key: string;
  report: Unnumbered;
  bytes: number;
  /** How often the answer was `LATER`. */
  pauses: number;
  dueMs: number;
}

const PAUSE = { firstMs: 500, longestMs: 5_000 };

/** The pause after the n-th `LATER`; chance takes up to half of it away. */
export const pauseMs = (pauses: number, float: number): number => backoffMs(PAUSE, pauses, float);

/** The size on the wire of the keys, hashes, receipt and numbers of a report or a further file. */
const FRAME_BYTES = 400;

// A string of length n takes at most 3 n bytes in UTF-8.
const textBytes = (texts: readonly string[]): number =>
  texts.reduce((sum, text) => sum + 3 * text.length + 4, 0);

const bytesOf = ({ body }: Unnumbered): number => {
  switch (body?.$case) {
    case 'completed':
      return (
        FRAME_BYTES * (1 + body.value.files.length) +
        textBytes([...body.value.notes, ...body.value.files.map(({ ending }) => ending)])
      );
    case 'failed':
      return FRAME_BYTES + textBytes([body.value.reason]) + textBytes(body.value.names);
    case 'checkpointed':
      return FRAME_BYTES + textBytes([body.value.name]);
    case 'yielded':
      return FRAME_BYTES + textBytes([body.value.reason]);
    case 'started':
    case undefined:
      return FRAME_BYTES;
    default:
      return body satisfies never;
  }
};

/**
 * Begins with no reports. They go out in the order in which they were added and get growing numbers on each stream. Only a
 * verdict removes one. Time and chance are arguments.
 */
export const noReports = () => {
  let ready: Pending[] = [];
  let sent = new Map<number, Pending>();
  let paused: Pending[] = [];
  let lastId = 0;

  return {
    add(key: string, report: Unnumbered): void {
      ready.push({ key, report, bytes: bytesOf(report), pauses: 0, dueMs: 0 });
    },
    /** Numbers the ready reports, at most `max` of about `maxBytes` together, and counts them as sent. */
    take(max: number, maxBytes: number): Report[] {
      let count = 0;
      let bytes = 0;
      while (
        count < ready.length &&
        count < max &&
        (count === 0 || bytes + ready[count]!.bytes <= maxBytes)
      ) {
        bytes += ready[count]!.bytes;
        count += 1;
      }
      return ready.splice(0, count).map((pending) => {
        lastId += 1;
        sent.set(lastId, pending);
        return { reportId: lastId, ...pending.report };
      });
    },
    /** Says this report no more. If it is on its way, its outcome is ignored. */
    drop(key: string): void {
      const isOther = (pending: Pending): boolean => pending.key !== key;
      ready = ready.filter(isOther);
      paused = paused.filter(isOther);
      sent = new Map([...sent].filter(([, pending]) => isOther(pending)));
    },
    hasReady: () => ready.length > 0,
    /** Takes the outcomes of reports of this stream. `float` is a random number in [0, 1). */
    decide(outcomes: readonly Outcome[], nowMs: number, float: number): Verdicts {
      const verdicts: Verdicts = { done: [], later: [] };
      for (const { reportId, verdict, reason } of outcomes) {
        const pending = sent.get(reportId);
        if (pending === undefined) {
          continue;
        }
        sent.delete(reportId);
        const isAccepted = verdict === 'VERDICT_ACCEPTED';
        if (isAccepted || verdict === 'VERDICT_SETTLED') {
          verdicts.done.push({ key: pending.key, isAccepted, reason });
        } else {
          pending.pauses += 1;
          pending.dueMs = nowMs + pauseMs(pending.pauses, float);
          paused.push(pending);
          verdicts.later.push(pending.key);
        }
      }
      return verdicts;
    },
    /** Makes reports ready whose pause is over. Answers when the next pause ends, or undefined. */
    wake(nowMs: number): number | undefined {
      ready = [...ready, ...paused.filter(({ dueMs }) => dueMs <= nowMs)];
      paused = paused.filter(({ dueMs }) => dueMs > nowMs);
      return paused.map(({ dueMs }) => dueMs).sort((a, b) => a - b)[0];
    },
    /** Somebody can decide now: ends all pauses, and begins with short ones again. */
    hurry(): void {
      ready = [...ready, ...paused];
      paused = [];
      for (const pending of [...ready, ...sent.values()]) {
        pending.pauses = 0;
      }
    },
    /** A new stream begins: every report is ready again. */
    restart(): void {
      ready = [...sent.values(), ...paused, ...ready];
      sent = new Map();
      paused = [];
      lastId = 0;
    },
    /** The number of undecided reports. */
    size: () => ready.length + sent.size + paused.length,
  };
};
