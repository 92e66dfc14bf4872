import { extname } from 'node:path';
import { signGrant } from '#libs/auth/index.ts';
import type { ListResultsRequest, ListResultsResponse, Result } from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { JournalDocument } from '#libs/journal/index.ts';
import { parseTaskKey } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import type { Entry } from '../domain/state/entries.ts';
import { isInnerTask } from '../domain/graph/task-graph.ts';
import { isCurrentResult, isVerified } from '../domain/state/workload.ts';
import type { View } from '../session/reads/reads.ts';
import { keepsakeBlob } from '../wire/keepsakes.ts';
import { journalPage, parseNumberPage } from './number-page.ts';
import { resolve } from './target.ts';

export const listResults =
  (ctx: Context): Unary<ListResultsRequest, ListResultsResponse> =>
  async (request, call) => {
    const { size, after } = parseNumberPage(call.caller, request, 'results');
    const view = await resolve(ctx, call.caller, request);
    const { state, revision } = view;
    // The results are being swept, so their blobs may be gone already.
    if (state.deleteResults) {
      return { results: [], nextPageToken: '', revision };
    }
    const from = { after: after ?? request.afterRevision, size };
    const { items, nextPageToken } = await journalPage(ctx, view, 'results', from, (written) =>
      resultsOf(ctx, view, written),
    );
    return { results: items, nextPageToken, revision };
  };

const resultsOf = (
  ctx: Context,
  { document: { customer }, state }: View,
  { n, at, entries }: JournalDocument<Entry>,
): Result[] =>
  entries.flatMap((entry) => {
    if (!isCurrentResult(state, entry) || isInnerTask(state, entry.task)) {
      return [];
    }
    const { kind: _kind, blob, user, ...rest } = entry;
    const grantFor = (name: string): Buffer =>
      Buffer.from(name === '' ? [] : signGrant(ctx.meshSecret, { blob: name, customer }));
    const previewName =
      entry.pixelHash === '' ? '' : keepsakeBlob(ctx.meshSecret, state.header.id, 'preview', entry);
    return [
      {
        ...rest,
        used: entry.used,
        ending: entry.ending ?? extname(blob),
        files: (entry.files ?? []).map(({ blob: name, ...file }) => ({
          ...file,
          blobName: name,
          grant: grantFor(name),
        })),
        frame: parseTaskKey(entry.task)?.index ?? 0,
        blobName: blob,
        grant: grantFor(blob),
        previewName,
        previewGrant: grantFor(previewName),
        userId: user,
        acceptTime: at,
        position: n,
        verified: isVerified(state, entry.task),
      },
    ];
  });
