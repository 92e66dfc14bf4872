// Not the whole of it, which loads gRPC: confined programs read scenes too, and start often.
import { DomainError } from '#libs/errors/domain-error.ts';
import { status } from '#libs/errors/status.ts';

const hex = (bytes: Uint8Array): string =>
  Array.from(bytes.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** `version https://git-lfs.github.com/spec/v1`, as far as a .blend has a header. */
const LFS = 'version http';

/** INVALID_ARGUMENT `NOT_A_BLEND_FILE`: the bytes (unpacked, if they were compressed) do not begin like a .blend. */
export const notABlendFile = (beginning: Uint8Array): DomainError =>
  new DomainError(
    status.INVALID_ARGUMENT,
    'NOT_A_BLEND_FILE',
    Buffer.from(beginning.subarray(0, LFS.length)).toString('latin1') === LFS
      ? 'this is a pointer of Git LFS, not the Blender file itself; fetch it first (git lfs pull)'
      : 'this is not a Blender file: it does not begin with BLENDER; hand in the .blend itself (`muster render` takes the folder or zip file of a project too)',
    { begins: hex(beginning) },
  );

export const blendFileEmpty = (): DomainError =>
  new DomainError(
    status.INVALID_ARGUMENT,
    'BLEND_FILE_EMPTY',
    'the file is empty; save it in Blender, upload it again',
  );

export const blendFileTruncated = (sizeBytes: number): DomainError =>
  new DomainError(
    status.INVALID_ARGUMENT,
    'BLEND_FILE_TRUNCATED',
    `the file ends after ${sizeBytes} bytes, in the middle of its head; upload the whole file again`,
    { size_bytes: sizeBytes },
  );

/** INVALID_ARGUMENT `BLEND_FILE_TRUNCATED`: the bytes end before the description of the structs, without which no Blender opens it. */
export const blendFileCut = (): DomainError =>
  new DomainError(
    status.INVALID_ARGUMENT,
    'BLEND_FILE_TRUNCATED',
    'the file was cut off: it ends before what Blender needs to open it; copy it again, or save it again in Blender',
  );

/** INVALID_ARGUMENT `BLEND_FILE_DAMAGED`: the compressed data is so damaged that not even a header can be unpacked. */
export const blendFileDamaged = (compression: string): DomainError =>
  new DomainError(
    status.INVALID_ARGUMENT,
    'BLEND_FILE_DAMAGED',
    `the ${compression} data at the beginning of the file is damaged or ends too early; upload it again, or save it uncompressed`,
    { compression },
  );

export const blendFormatUnknown = (header: string): DomainError =>
  new DomainError(
    status.FAILED_PRECONDITION,
    'BLEND_FORMAT_UNKNOWN',
    'the file was written in a format newer than Blender 5 writes; save it with a Blender from 2.5 to 5, upload it again',
    { header },
  );

/** FAILED_PRECONDITION `FRAME_RANGE_UNREADABLE`: the head does not name its frames; `detail` says what was found instead. */
export const frameRangeUnreadable = (version: string, detail: string): DomainError =>
  new DomainError(
    status.FAILED_PRECONDITION,
    'FRAME_RANGE_UNREADABLE',
    `the frame range of this Blender ${version} file cannot be read (${detail}); name the frames, or save the file again in Blender`,
    { version, detail },
  );

/** INVALID_ARGUMENT `SCENE_REQUIRED`: the head names several scenes and does not say which one is current. */
export const sceneRequired = (names: readonly string[]): DomainError =>
  new DomainError(
    status.INVALID_ARGUMENT,
    'SCENE_REQUIRED',
    `the file has several scenes to render; choose one of: ${names.join(', ')}`,
    { scenes: names.join(', ') },
  );
