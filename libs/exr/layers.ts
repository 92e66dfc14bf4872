import { createHash } from 'node:crypto';
import type { ExrFile } from './file.ts';
import type { ExrHead } from './head.ts';
import { rowsOf } from './rows.ts';

/** The channels of a picture without layers, and of what layers show; passes have other names. */
const SHOWN = /^(?:(?<layer>.*\bCombined(?:\.[^.]+)?)\.)?[RGBA]$/;

/** The layer that a file shows first, as ffmpeg's option `layer` names it: empty without layers, undefined if there are only passes. */
export const shownLayer = ({ parts }: ExrHead): string | undefined => {
  const names = parts.flatMap(({ channels }) => channels.map(({ name }) => name));
  const found = names.map((name) => SHOWN.exec(name)).find((match) => match !== null);
  return found === undefined ? undefined : (found.groups?.['layer'] ?? '');
};

/**
 * Decodes all layers of an OpenEXR file, and hashes them as agent_service.proto says. Rows of the codecs PIZ, PXR24, B44, DWAA and
 * DWAB are hashed as they are stored. Throws RangeError if the file does not decode.
 */
export const layersHash = async (file: ExrFile): Promise<string> => {
  const hash = createHash('sha256');
  for (const { width, height, name, channels } of file.head.parts) {
    const size = Buffer.alloc(8);
    size.writeUInt32LE(width, 0);
    size.writeUInt32LE(height, 4);
    hash.update(size).update(`${name}\0`);
    for (const channel of channels) {
      hash.update(`${channel.name}\0`);
    }
  }
  for await (const chunk of file.chunks()) {
    hash.update((await rowsOf(chunk)) ?? chunk.bytes);
  }
  return hash.digest('hex');
};

/** Reads all chunks, for what decodes a cut-off file without an error. Throws RangeError if one is cut off. */
export const checkChunks = async ({ chunks }: ExrFile): Promise<void> => {
  for await (const _ of chunks()) {
    // Each is as long as it says.
  }
};
