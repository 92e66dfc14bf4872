import type { ListBlobsRequest, ListBlobsResponse } from '#libs/contracts/blob.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { collectViolations } from '#libs/mesh/index.ts';
import { pageToken, readPage } from '#libs/pages/index.ts';
import type { Context } from '../context.ts';
import { isPrefix } from '../domain/names.ts';
import { blobToProto } from '../wire/messages.ts';

export const listBlobs =
  (ctx: Context): Unary<ListBlobsRequest, ListBlobsResponse> =>
  async ({ prefix, ...request }, call) => {
    const question = `blobs ${prefix}`;
    const wrong = collectViolations();
    const { size, after } = readPage(request, question, 1, wrong);
    wrong.require(
      isPrefix(prefix),
      'prefix',
      'the beginning of a blob name: [a-z0-9./-], at most 256 characters',
    );
    wrong.throwIfAny();
    const page = await ctx.blobs.list({ prefix, pageSize: size, marker: after?.[0] }, call.signal);
    const nextPageToken = page.marker === undefined ? '' : pageToken(question, [page.marker]);
    return { blobs: page.blobs.map(blobToProto), nextPageToken };
  };
