import { backoffMs } from '#libs/async/index.ts';
import type { Outcome, Report } from '#libs/contracts/agent.ts';

/** A final report before it has a number. */
export type Unnumbered = Omit<Report, 'reportId'>;

/** What became of reports, by their keys. */
export interface Verdicts {
  /** Accepted or settled: nobody needs them any more. */
  done: { key: string; isAccepted: boolean; reason: string }[];
  /** Told `LATER`: they are ready again after a pause. */
  later: string[];
}

/**
 * The final reports that the mesh has not decided yet. Time and chance come in as arguments. Reports go out in the order
 * in which they came in, get growing numbers on each stream, and are forgotten only when a verdict says so.
 */
export interface PendingReports {
  add(key: string, report: Unnumbered): void;
  /** Numbers what is ready, at most `max` reports of about `maxBytes` together, and takes it as sent. */
  take(max: number, maxBytes: number): Report[];
  hasReady(): boolean;
  /** Learns what became of reports of this stream. `float` is a random number in [0, 1). */
  decide(outcomes: readonly Outcome[], nowMs: number, float: number): Verdicts;
  /** Makes ready what has paused long enough; answers when the next pause ends, or undefined. */
  wake(nowMs: number): number | undefined;
  /** Somebody is there who can decide: what pauses is ready, and what is told `LATER` from now on pauses shortly. */
  hurry(): void;
  /** A new stream begins: whatever was sent or pauses is ready again. */
  restart(): void;
  /** How many reports are not decided. */
  size(): number;
}

interface Pending {
  key: string;
  report: Unnumbered;
  bytes: number;
  /** How often `LATER` was the answer. */
  pauses: number;
  dueMs: number;
}

const PAUSE = { firstMs: 500, longestMs: 5_000 };

/** How long to wait after the n-th `LATER`, from half of it to all of it by chance. */
export const pauseMs = (pauses: number, float: number): number => backoffMs(PAUSE, pauses, float);

/** Keys, hashes, receipt and numbers of a report on the wire. */
const FRAME_BYTES = 400;

// UTF-8 takes at most three bytes for each unit that a string's length counts.
const textBytes = (texts: readonly string[]): number => texts.reduce((sum, text) => sum + 3 * text.length + 4, 0);

const bytesOf = ({ body }: Unnumbered): number => {
  switch (body?.$case) {
    case 'completed':
      return FRAME_BYTES + textBytes(body.value.notes);
    case 'failed':
      return FRAME_BYTES + textBytes([body.value.reason]) + textBytes(body.value.names);
    case 'started':
    case undefined:
      return FRAME_BYTES;
    default:
      return body satisfies never;
  }
};

/** Nothing to report yet. */
export const noReports = (): PendingReports => {
  let ready: Pending[] = [];
  let sent = new Map<number, Pending>();
  let paused: Pending[] = [];
  let lastId = 0;

  return {
    add(key, report) {
      ready.push({ key, report, bytes: bytesOf(report), pauses: 0, dueMs: 0 });
    },
    take(max, maxBytes) {
      let count = 0;
      let bytes = 0;
      while (count < ready.length && count < max && (count === 0 || bytes + ready[count]!.bytes <= maxBytes)) {
        bytes += ready[count]!.bytes;
        count += 1;
      }
      const going = ready.slice(0, count);
      ready = ready.slice(count);
      return going.map((pending) => {
        lastId += 1;
        sent.set(lastId, pending);
        return { reportId: lastId, ...pending.report };
      });
    },
    hasReady: () => ready.length > 0,
    decide(outcomes, nowMs, float) {
      const verdicts: Verdicts = { done: [], later: [] };
      for (const { reportId, verdict, reason } of outcomes) {
        const pending = sent.get(reportId);
        if (pending === undefined) {
          continue;
        }
        sent.delete(reportId);
        if (verdict === 'VERDICT_ACCEPTED' || verdict === 'VERDICT_SETTLED') {
          verdicts.done.push({ key: pending.key, isAccepted: verdict === 'VERDICT_ACCEPTED', reason });
        } else {
          pending.pauses += 1;
          pending.dueMs = nowMs + pauseMs(pending.pauses, float);
          paused.push(pending);
          verdicts.later.push(pending.key);
        }
      }
      return verdicts;
    },
    wake(nowMs) {
      const waiting: Pending[] = [];
      let next: number | undefined;
      for (const pending of paused) {
        if (pending.dueMs <= nowMs) {
          ready.push(pending);
        } else {
          waiting.push(pending);
          next = Math.min(next ?? pending.dueMs, pending.dueMs);
        }
      }
      paused = waiting;
      return next;
    },
    hurry() {
      ready.push(...paused);
      paused = [];
      for (const pending of [...ready, ...sent.values()]) {
        pending.pauses = 0;
      }
    },
    restart() {
      ready = [...sent.values(), ...paused, ...ready];
      sent = new Map();
      paused = [];
      lastId = 0;
    },
    size: () => ready.length + sent.size + paused.length,
  };
};
