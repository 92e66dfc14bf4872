import { signReceipt, verifyReceipt, type Secret } from '#libs/auth/index.ts';

export type Metadata = Record<string, string>;

/** The metadata with the hash and its seal, because a client that PUTs through a signed URL chooses its own metadata. */
export const sealedMetadata = (
  secret: Secret,
  name: string,
  sha256: string,
  sizeBytes: number,
): Metadata => ({
  sha256,
  seal: Buffer.from(signReceipt(secret, { path: name, sha256, sizeBytes })).toString('hex'),
});

/** The hash that a blob's metadata proves; undefined if this service did not write it. */
export const provenSha256 = (
  secret: Secret,
  name: string,
  sizeBytes: number,
  metadata: Metadata | undefined,
): string | undefined => {
  const { sha256, seal } = metadata ?? {};
  if (sha256 === undefined || seal === undefined) {
    return undefined;
  }
  return verifyReceipt(secret, { path: name, sha256, sizeBytes }, Buffer.from(seal, 'hex'))
    ? sha256
    : undefined;
};
