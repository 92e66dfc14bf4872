import { FailureClass } from '#libs/contracts/agent.ts';
import {
  AttemptEnd,
  type AttemptRecord,
  type ListAttemptsRequest,
  type ListAttemptsResponse,
} from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { JournalDocument } from '#libs/journal/index.ts';
import { asUnavailable } from '#libs/mongo/index.ts';
import type { Context } from '../context.ts';
import type { Entry } from '../domain/state/entries.ts';
import { numberPageToken, parseNumberPage } from './number-page.ts';
import { resolve } from './target.ts';

export const listAttempts =
  (ctx: Context): Unary<ListAttemptsRequest, ListAttemptsResponse> =>
  async (request, call) => {
    const { size, after } = parseNumberPage(call.caller, request, 'attempts');
    const { document, revision } = await resolve(ctx, call.caller, request);
    const refused = await ctx.refusals.list(document._id);
    const attempts: AttemptRecord[] = [];
    let position = after ?? 0;
    let hasMore = false;
    await asUnavailable(async () => {
      for await (const written of ctx.journal.read(document._id, position)) {
        if (written.n > revision) {
          break;
        }
        if (attempts.length >= size) {
          hasMore = true;
          break;
        }
        attempts.push(...attemptsOf(written));
        position = written.n;
      }
    });
    return {
      attempts,
      refused: refused.map(({ user, reason, count }) => ({ userId: user, reason, count })),
      nextPageToken: hasMore ? numberPageToken('attempts', position) : '',
      revision,
    };
  };

const attemptsOf = ({ n, at, entries }: JournalDocument<Entry>): AttemptRecord[] =>
  entries.flatMap((entry) => {
    const end = ENDS[entry.kind];
    if (end === undefined || !('attempt' in entry)) {
      return [];
    }
    const { task, generation, attempt, user, userName, seconds } = entry;
    const record = {
      task,
      generation,
      attempt,
      end,
      userId: user,
      userName,
      seconds,
      time: at,
      position: n,
    };
    const isFailure = entry.kind === 'attempt-failed';
    const failureClass = isFailure
      ? failureClassToProto(entry.failureClass)
      : FailureClass.UNSPECIFIED;
    return [{ ...record, failureClass, reason: isFailure ? entry.reason : '' }];
  });

const ENDS: { [K in Entry['kind']]?: AttemptEnd } = {
  accepted: AttemptEnd.ACCEPTED,
  duplicate: AttemptEnd.DUPLICATE,
  'attempt-failed': AttemptEnd.FAILED,
  'attempt-lost': AttemptEnd.LOST,
};

const failureClassToProto = (name: string): FailureClass => `FAILURE_CLASS_${name}` as FailureClass;
