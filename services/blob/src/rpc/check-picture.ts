import { extname } from 'node:path';
import type { CheckPictureRequest, CheckPictureResponse } from '#libs/contracts/blob.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { collectViolations, parseBlobName } from '#libs/mesh/index.ts';
import { isExtension } from '#libs/pictures/index.ts';
import type { Context } from '../context.ts';
import { blobNotFound } from '../domain/errors.ts';
import { rangeOf } from '../domain/range.ts';

export const checkPicture =
  (ctx: Context): Unary<CheckPictureRequest, CheckPictureResponse> =>
  async ({ blobName, width, height }, call) => {
    const name = parseBlobName(blobName);
    const wrong = collectViolations();
    wrong.require(name?.kind === 'result', 'blob_name', 'must be the name of a result');
    wrong.require((width === 0) === (height === 0), 'height', 'must be 0 if and only if width is');
    wrong.throwIfAny();
    const extension = extname(blobName).slice(1);
    if (name?.kind !== 'result' || !isExtension(extension)) {
      return problem(`a file with the extension ${extension} is no picture`);
    }
    const blob = await ctx.blobs.read(blobName, rangeOf(0, 0), call.signal);
    if (blob === undefined) {
      throw blobNotFound(blobName);
    }
    const expected = width === 0 ? undefined : { width, height };
    const file = { bytes: blob.chunks, sizeBytes: blob.totalBytes, extension, expected };
    const verdict = await ctx.decoders.with(name.workload, (decoder) => decoder.check(file));
    if (verdict.kind === 'bad') {
      return problem(verdict.reason);
    }
    const { pixelHash, ...size } = verdict;
    return { problem: '', pixelHash, width: size.width, height: size.height };
  };

const problem = (text: string): CheckPictureResponse => ({
  problem: text,
  pixelHash: '',
  width: 0,
  height: 0,
});
