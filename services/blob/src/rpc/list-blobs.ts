import type { ListBlobsRequest, ListBlobsResponse } from '#libs/contracts/blob.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { requireFields } from '../domain/errors.ts';
import { isPrefix } from '../domain/names.ts';
import { pageSizeCheck, pageSizeOf } from '../domain/requests.ts';
import { blobToProto } from './blob-info.ts';
import { decodePageToken, encodePageToken } from './page-token.ts';

export const listBlobs =
  (ctx: Context): Unary<ListBlobsRequest, ListBlobsResponse> =>
  async ({ prefix, pageSize, pageToken }, call) => {
    const question = `blobs ${prefix}`;
    const token = decodePageToken(question, pageToken);
    requireFields(
      ['prefix', isPrefix(prefix), 'the beginning of a blob name: [a-z0-9./-], at most 256 characters'],
      pageSizeCheck(pageSize),
      ['page_token', token.isOurs, 'the next_page_token of the page before, with the same prefix'],
    );
    const page = await ctx.blobs.list({ prefix, pageSize: pageSizeOf(pageSize), marker: token.position }, call.signal);
    return { blobs: page.blobs.map(blobToProto), nextPageToken: encodePageToken(question, page.marker) };
  };
