import { type BlendScene, isRenderInfoSize, readBlock, readRenderInfo } from './block.ts';
import {
  type BlendCompression,
  detectCompression,
  type HeadWork,
  MAX_UNPACKED_BYTES,
  unpackHead,
} from './compression.ts';
import {
  blendFileDamaged,
  blendFileEmpty,
  blendFileTruncated,
  frameRangeUnreadable,
  sceneRequired,
} from './errors.ts';
import { type BlendHeader, type BlenderVersion, readBlendHeader } from './header.ts';

export type { BlendScene } from './block.ts';
export type { BlendCompression, HeadWork } from './compression.ts';
export type { BlenderVersion } from './header.ts';

/** Bytes of a file's beginning that are read. A first zstd block can be nearly 128 KiB. */
export const HEAD_BYTES = 192 * 1_024;

/** Blender's highest frame (MAXFRAME in its sources). */
const MAX_FRAME = 1_048_574;

/** Most blocks that are skipped in the search for `REND`, which is the first block of every file seen so far. */
const MAX_BLOCKS_BEFORE = 16;

export interface BlendHead {
  version: BlenderVersion;
  /** As people write it: `2.79`, `3.4`, `5.0`. */
  versionText: string;
  pointerBits: 32 | 64;
  endian: 'little' | 'big';
  compression: BlendCompression;
  /** The current scene and the scenes flagged to be rendered with it, in name order. Never empty. See {@link chooseScene}. */
  scenes: BlendScene[];
}

export const noWork = (): HeadWork => ({ unpackedBytes: 0, passes: 0, blocks: 0 });

const checked = (scene: BlendScene, { versionText }: BlendHeader): BlendScene => {
  const { name, firstFrame, lastFrame } = scene;
  if (firstFrame < 0 || lastFrame > MAX_FRAME || firstFrame > lastFrame) {
    throw frameRangeUnreadable(
      versionText,
      `scene "${name}" claims the frames ${firstFrame} to ${lastFrame}`,
    );
  }
  return scene;
};

/** The scenes of an unpacked head; undefined if the bytes end before the last `REND` block is known to be the last. */
const readScenes = (
  bytes: Uint8Array,
  header: BlendHeader,
  work: HeadWork,
): BlendScene[] | undefined => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const scenes: BlendScene[] = [];
  let before = 0;
  for (let at: number = header.sizeBytes; ;) {
    const block = readBlock(view, at, header);
    work.blocks += 1;
    if (!block) {
      return undefined;
    }
    const isRenderInfo = block.code === 'REND';
    if (!isRenderInfo && scenes.length > 0) {
      return scenes;
    }
    before += isRenderInfo ? 0 : 1;
    const isEnd = block.code === 'ENDB' || block.code === 'DNA1' || before > MAX_BLOCKS_BEFORE;
    if (
      isEnd ||
      Number.isNaN(block.end) ||
      (isRenderInfo && !isRenderInfoSize(block.end - block.start))
    ) {
      throw frameRangeUnreadable(
        header.versionText,
        'the block that holds it is missing or malformed',
      );
    }
    if (block.end > bytes.length) {
      return undefined;
    }
    if (isRenderInfo) {
      scenes.push(checked(readRenderInfo(view, block, header), header));
    }
    at = block.end;
  }
};

/**
 * Reads Blender version and frame ranges from the first {@link HEAD_BYTES} of a .blend: raw, gzip or zstd, 32 or 64 bit, of
 * either endianness, from 2.5x to 5.x. Unpacks at most 64 KiB and never starts Blender. `work` counts what it did.
 *
 * Throws `BLEND_FILE_EMPTY`, `BLEND_FILE_TRUNCATED`, `BLEND_FILE_DAMAGED`, `NOT_A_BLEND_FILE`, `BLEND_FORMAT_UNKNOWN`,
 * `FRAME_RANGE_UNREADABLE` and, for any bytes, nothing else.
 */
export const readBlendHead = (bytes: Uint8Array, work: HeadWork = noWork()): BlendHead => {
  if (bytes.length === 0) {
    throw blendFileEmpty();
  }
  const beginning = bytes.subarray(0, HEAD_BYTES);
  const compression = detectCompression(beginning);
  let header: BlendHeader | undefined;
  for (const unpacked of unpackHead(beginning, compression, work)) {
    header = readBlendHeader(unpacked);
    const scenes = header && readScenes(unpacked, header, work);
    if (header && scenes) {
      const { version, versionText, endian, layout } = header;
      return {
        version,
        versionText,
        pointerBits: layout === 'small32' ? 32 : 64,
        endian,
        compression,
        scenes,
      };
    }
  }
  if (compression === 'none' && bytes.length < MAX_UNPACKED_BYTES) {
    throw blendFileTruncated(bytes.length);
  }
  throw header
    ? frameRangeUnreadable(
        header.versionText,
        'the block that holds it is missing, too far in or cut off',
      )
    : blendFileDamaged(compression);
};

/**
 * The scene that a workload renders: the named one, or else the only one. Undefined if the head does not name the scene; it
 * lists only the current one and those flagged with it. Throws `SCENE_REQUIRED` if several are there and none is named.
 */
export const chooseScene = (
  { scenes }: BlendHead,
  name: string | undefined,
): BlendScene | undefined => {
  if (name !== undefined) {
    return scenes.find((scene) => scene.name === name);
  }
  if (scenes.length > 1) {
    throw sceneRequired(scenes.map((scene) => scene.name));
  }
  return scenes[0];
};
