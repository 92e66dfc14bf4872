import type { Caller } from '#libs/auth/index.ts';
import type { CommitPartsHeader, CommitPartsRequest, PartFile } from '#libs/contracts/blob.ts';
import { invalidFields } from '#libs/errors/index.ts';
import {
  MANIFEST_EXTENSION,
  type ManifestName,
  MAX_CHECKPOINT,
  MAX_PARTS_PER_MESSAGE,
  type Violations,
} from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { createManifest, MAX_MANIFEST_BYTES, type Manifest } from '../domain/manifest.ts';
import { paced } from './upload-chunks.ts';
import { ownAttempt } from './upload-header.ts';

/** Checks an attempt's token, and makes the name of the manifest. */
export const commitTarget = (
  ctx: Pick<Context, 'meshSecret'>,
  caller: Caller,
  header: CommitPartsHeader,
  wrong: Violations,
): { target: ManifestName; node: string } => {
  const { checkpoint } = header;
  const isNumber = checkpoint <= MAX_CHECKPOINT;
  wrong.require(isNumber, 'header.checkpoint', `0 to ${MAX_CHECKPOINT}`);
  const { path, node } = ownAttempt(ctx, caller, header, 'header', wrong);
  const target: ManifestName =
    checkpoint === 0
      ? { kind: 'result', ...path, extension: MANIFEST_EXTENSION }
      : { kind: 'checkpoint', ...path, number: checkpoint };
  return { target, node };
};

/** Makes the manifest of the files that come; their sender has to keep the pace. `turn` is awaited at each file. */
export const manifestOf = async (
  { pace, clock }: Pick<Context, 'pace' | 'clock'>,
  messages: AsyncIterator<CommitPartsRequest>,
  turn: () => Promise<void> | undefined,
): Promise<Manifest> => {
  const manifest = createManifest();
  const coming = paced(messages, bytesOf, MAX_MANIFEST_BYTES, pace, clock);
  for await (const { part } of coming) {
    for (const file of filesOf(part)) {
      await turn();
      const wrong = manifest.add(file);
      if (wrong !== undefined) {
        const { field, description } = wrong;
        const at = `files[${manifest.totalFiles()}]`;
        throw invalidFields([{ field: field === '' ? 'files' : `${at}.${field}`, description }]);
      }
    }
  }
  if (manifest.totalFiles() === 0) {
    throw invalidFields([{ field: 'files', description: 'at least one file' }]);
  }
  return manifest;
};

const filesOf = (part: CommitPartsRequest['part']): readonly PartFile[] => {
  if (part?.$case !== 'files') {
    throw invalidFields([
      { field: 'files', description: 'every message after the header has files' },
    ]);
  }
  const { files } = part.value;
  if (files.length > MAX_PARTS_PER_MESSAGE) {
    const description = `at most ${MAX_PARTS_PER_MESSAGE} in one message`;
    throw invalidFields([{ field: 'files', description }]);
  }
  return files;
};

const HASH_BYTES = 64;

const bytesOf = ({ part }: CommitPartsRequest): number =>
  part?.$case === 'files'
    ? part.value.files.reduce((sum, { path }) => sum + path.length + HASH_BYTES, 0)
    : 0;
