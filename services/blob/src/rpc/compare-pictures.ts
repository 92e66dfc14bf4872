import { extname } from 'node:path';
import type { ComparePicturesRequest, ComparePicturesResponse } from '#libs/contracts/blob.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { collectViolations, parseBlobName } from '#libs/mesh/index.ts';
import { isExtension } from '#libs/pictures/index.ts';
import type { Context } from '../context.ts';
import { blobNotFound } from '../domain/errors.ts';
import { rangeOf } from '../domain/range.ts';

export const comparePictures =
  (ctx: Context): Unary<ComparePicturesRequest, ComparePicturesResponse> =>
  async ({ blobName, otherBlobName }, call) => {
    const [name, other] = [parseBlobName(blobName), parseBlobName(otherBlobName)];
    const extension = extname(blobName).slice(1);
    const wrong = collectViolations();
    wrong.require(name?.kind === 'result', 'blob_name', 'must be the name of a result');
    wrong.require(
      name?.kind === 'result' &&
        other?.kind === 'result' &&
        other.workload === name.workload &&
        other.extension === name.extension,
      'other_blob_name',
      'must be the name of another result of the same workload and format',
    );
    wrong.require(isExtension(extension), 'blob_name', 'must have the extension of a picture');
    wrong.throwIfAny();
    if (name?.kind !== 'result' || !isExtension(extension)) {
      return { differing: 1 };
    }
    const read = async (path: string) => {
      const blob = await ctx.blobs.read(path, rangeOf(0, 0), call.signal);
      if (blob === undefined) {
        throw blobNotFound(path);
      }
      return { bytes: blob.chunks, sizeBytes: blob.totalBytes };
    };
    const files = [await read(blobName), await read(otherBlobName)] as const;
    const differing = await ctx.decoders.with(name.workload, (decoder) =>
      decoder.compare({ extension, files }),
    );
    return { differing };
  };
