import type { UploadHeader, UploadRequest } from '#libs/contracts/blob.ts';

/** The messages of an upload: the header, then `bytes` in chunks. */
export function* uploadOf(
  header: Partial<UploadHeader>,
  bytes: Uint8Array,
  chunkBytes = 300_000,
): Generator<UploadRequest> {
  yield {
    part: {
      $case: 'header',
      value: { target: undefined, sha256: '', sizeBytes: undefined, ...header },
    },
  };
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    yield { part: { $case: 'chunk', value: Buffer.from(bytes.subarray(at, at + chunkBytes)) } };
  }
}

/** The target of a customer's upload; the customer is the caller unless an operator names one. */
export const customerFile = (customerId = ''): Pick<UploadHeader, 'target'> => ({
  target: { $case: 'customerFile', value: { customerId } },
});

/** All bytes of a download, with the head of its first message. */
export const readAll = async (
  messages: AsyncIterable<{ chunk: Buffer; totalBytes: number; sha256: string }>,
) => {
  const all = await Array.fromAsync(messages);
  const [{ totalBytes, sha256 } = { totalBytes: 0, sha256: '' }] = all;
  return { bytes: Buffer.concat(all.map(({ chunk }) => chunk)), totalBytes, sha256 };
};

/** The name of an attempt's blob without the part that only the mesh can compute. Throws if it has none. */
export const withoutTag = (blobName: string): string => {
  const tag = /-[0-9a-f]{24}(?=\.)/;
  if (!tag.test(blobName)) {
    throw new Error(`${blobName} has no tag`);
  }
  return blobName.replace(tag, '');
};
