import { signGrant } from '#libs/auth/index.ts';
import type { ListResultsRequest, ListResultsResponse, Result } from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { JournalDocument } from '#libs/journal/index.ts';
import { parseTaskKey } from '#libs/mesh/index.ts';
import { asUnavailable } from '#libs/mongo/index.ts';
import type { Context } from '../context.ts';
import type { Entry } from '../domain/state/entries.ts';
import { isCurrentResult, type WorkloadState } from '../domain/state/workload.ts';
import { numberPageToken, parseNumberPage } from './number-page.ts';
import { resolve } from './target.ts';

export const listResults =
  (ctx: Context): Unary<ListResultsRequest, ListResultsResponse> =>
  async (request, call) => {
    const { size, after } = parseNumberPage(call.caller, request, 'results');
    const { document, state, revision } = await resolve(ctx, call.caller, request);
    // The results are being swept, so their blobs may be gone already.
    if (state.deleteResults) {
      return { results: [], nextPageToken: '', revision };
    }
    const results: Result[] = [];
    let position = after ?? request.afterRevision;
    let hasMore = false;
    await asUnavailable(async () => {
      for await (const written of ctx.journal.read(document._id, position)) {
        if (written.n > revision) {
          break;
        }
        if (results.length >= size) {
          hasMore = true;
          break;
        }
        results.push(...resultsOf(ctx, document.customer, state, written));
        position = written.n;
      }
    });
    return {
      results,
      nextPageToken: hasMore ? numberPageToken('results', position) : '',
      revision,
    };
  };

const resultsOf = (
  ctx: Context,
  customer: string,
  state: WorkloadState,
  { n, at, entries }: JournalDocument<Entry>,
): Result[] =>
  entries.flatMap((entry) => {
    if (!isCurrentResult(state, entry)) {
      return [];
    }
    const { task, generation, attempt, blob } = entry;
    return [
      {
        task,
        frame: parseTaskKey(task)?.index ?? 0,
        generation,
        attempt,
        blobName: blob,
        grant:
          blob === ''
            ? Buffer.alloc(0)
            : Buffer.from(signGrant(ctx.meshSecret, { blob, customer })),
        sizeBytes: entry.sizeBytes,
        sha256: entry.sha256,
        pixelHash: entry.pixelHash,
        userId: entry.user,
        userName: entry.userName,
        seconds: entry.seconds,
        notes: entry.notes,
        acceptTime: at,
        position: n,
      },
    ];
  });
