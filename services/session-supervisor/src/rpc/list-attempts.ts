import { FailureClass } from '#libs/contracts/agent.ts';
import {
  AttemptEnd,
  type AttemptRecord,
  type ListAttemptsRequest,
  type ListAttemptsResponse,
} from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { JournalDocument } from '#libs/journal/index.ts';
import type { Context } from '../context.ts';
import type { Entry } from '../domain/state/entries.ts';
import { journalPage, parseNumberPage } from './number-page.ts';
import { resolve } from './target.ts';

export const listAttempts =
  (ctx: Context): Unary<ListAttemptsRequest, ListAttemptsResponse> =>
  async (request, call) => {
    const { size, after = 0 } = parseNumberPage(call.caller, request, 'attempts');
    const view = await resolve(ctx, call.caller, request);
    const refused = await ctx.refusals.list(view.document._id);
    const { items, nextPageToken } = await journalPage(
      ctx,
      view,
      'attempts',
      { after, size },
      attemptsOf,
    );
    return {
      attempts: items,
      refused: refused.map(({ user: userId, userName = '', reason, count }) => ({
        userId,
        userName,
        reason,
        count,
      })),
      nextPageToken,
      revision: view.revision,
    };
  };

/** Of every loss: whoever leaves in order gives its tasks back. */
const LOSS = 'its machine went without a word while it worked on it';

/** For people: why an attempt ended so, or where its result went on. */
const reasonOf = (entry: Entry): string => {
  if (entry.kind === 'accepted' && entry.resumed !== undefined) {
    return `went on from ${entry.resumed.name} of ${entry.resumed.userName}`;
  }
  return entry.kind === 'attempt-lost' ? LOSS : 'reason' in entry ? (entry.reason ?? '') : '';
};

/** The attempts that ended in one document of the journal. */
export const attemptsOf = ({
  n,
  at,
  entries,
}: Pick<JournalDocument<Entry>, 'n' | 'at' | 'entries'>): AttemptRecord[] =>
  entries.flatMap((entry) => {
    const end = ENDS[entry.kind];
    if (end === undefined || !('attempt' in entry)) {
      return [];
    }
    const { task, generation, attempt, user, userName } = entry;
    // The seconds of a withdrawn result are those of its acceptance.
    const seconds = 'seconds' in entry ? entry.seconds : 0;
    const record = { task, generation, attempt, end, userId: user, userName, seconds };
    const failure =
      entry.kind === 'attempt-failed'
        ? { failureClass: FailureClass[entry.failureClass], reason: entry.reason }
        : {
            failureClass: FailureClass.UNSPECIFIED,
            reason: reasonOf(entry),
          };
    return [{ ...record, ...failure, time: at, position: n }];
  });

const ENDS: { [K in Entry['kind']]?: AttemptEnd } = {
  accepted: AttemptEnd.ACCEPTED,
  duplicate: AttemptEnd.DUPLICATE,
  'attempt-failed': AttemptEnd.FAILED,
  'attempt-lost': AttemptEnd.LOST,
  yielded: AttemptEnd.YIELDED,
  'result-refused': AttemptEnd.WITHDRAWN,
};
