import {
  CommandOutcome,
  type CommandLogEntry,
  type ListCommandLogRequest,
  type ListCommandLogResponse,
} from '#libs/contracts/port.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { cutPage, parsePage } from '#libs/pages/index.ts';
import type { Context } from '../../context.ts';
import type { CommandRecord } from '../../store/compute-store.ts';
import { findSession } from '../../wire/session.ts';

export const listCommandLog =
  (ctx: Context): Unary<ListCommandLogRequest, ListCommandLogResponse> =>
  async (request, { caller }) => {
    const { manager, store } = ctx.computeSessions;
    const { id } = findSession(manager, caller, request.sessionId);
    const { size, after } = parsePage(request, id, 1);
    const below = after === undefined ? Number.MAX_SAFE_INTEGER : Number(after[0]);
    const found = store.commands(id, below, size + 1, request.includePing ? undefined : 'ping');
    const { page, nextPageToken } = cutPage(found, size, id, ({ number }) => [String(number)]);
    return { entries: page.map(entryOf), nextPageToken };
  };

const entryOf = (record: CommandRecord): CommandLogEntry => ({
  number: record.number,
  command: record.name,
  startTime: new Date(record.startedAtMs),
  tookMs: record.tookMs,
  success: record.tookMs !== undefined && record.error === undefined,
  error: record.error ?? '',
  memoryAfterBytes: record.memoryBytes,
  outcome: OUTCOMES[record.outcome],
});

const OUTCOMES: Record<CommandRecord['outcome'], CommandOutcome> = {
  running: CommandOutcome.RUNNING,
  answered: CommandOutcome.ANSWERED,
  late: CommandOutcome.ANSWERED_LATE,
  unknown: CommandOutcome.UNKNOWN,
};
