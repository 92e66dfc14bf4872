import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BadPicture, type Pixels, type Size } from './pixels.ts';

const run = promisify(execFile);

/** The order in which ffmpeg writes the planes of each of its pixel formats, as indices into a pixel of ours. */
const PLANES: Readonly<Record<string, { channels: 1 | 3 | 4; order: readonly number[] }>> = {
  grayf32le: { channels: 1, order: [0] },
  gbrpf32le: { channels: 3, order: [1, 2, 0] },
  gbrapf32le: { channels: 4, order: [1, 2, 0, 3] },
};

const FFMPEG =
  '-hide_banner -nostdin -loglevel info -xerror -err_detect explode -threads 1 -f exr_pipe';
const ONE_RAW_PICTURE = '-frames:v 1 -f rawvideo pipe:1';
const SAMPLE_BYTES = 4;
/** The bound of what ffmpeg writes is also that of its log. */
const MIN_LOG_BYTES = 64 * 1_024;
/** Interleaves the planes of a picture: all red, all green, … becomes pixel after pixel. */
const interleave = (planes: Buffer, pixels: number, order: readonly number[]): Uint8Array => {
  // Copied, because a buffer from the pool may not be aligned for 32-bit numbers.
  const from = new Uint32Array(new Uint8Array(planes).buffer);
  const into = new Uint32Array(from.length);
  order.forEach((place, plane) => {
    for (let i = 0; i < pixels; i += 1) {
      into[i * order.length + place] = from[plane * pixels + i] ?? 0;
    }
  });
  return new Uint8Array(into.buffer);
};

/** Runs ffmpeg on the file. Throws Error if it is not installed, and BadPicture if it fails or writes more than `maxBytes`. */
const ffmpeg = async (
  file: string,
  layer: string,
  maxBytes: number,
): Promise<{ planes: Buffer; log: string }> => {
  const args = [...FFMPEG.split(' '), '-layer', layer, '-i', file, ...ONE_RAW_PICTURE.split(' ')];
  try {
    const { stdout, stderr } = await run('/usr/bin/ffmpeg', args, {
      encoding: 'buffer',
      maxBuffer: maxBytes,
    });
    return { planes: stdout, log: stderr.toString('utf8') };
  } catch (error) {
    const { code, stderr = '' } = error as { code?: unknown; stderr?: Buffer | string };
    if (code === 'ENOENT') {
      throw new Error('ffmpeg, which OpenEXR pictures need, is not installed', { cause: error });
    }
    const [line = ''] = stderr.toString().trimEnd().split('\n').slice(-1);
    throw new BadPicture(`the picture does not decode: ${line}`);
  }
};

/**
 * Decodes one layer of an OpenEXR file, the one without a name for an empty `layer`, with ffmpeg, because sharp's prebuilt binaries
 * cannot. Half floats become 32-bit floats. The caller has checked that the file is whole, because ffmpeg decodes a truncated one
 * without an error. Throws BadPicture if the file does not decode or has another size.
 */
export const decodeExr = async (file: string, layer: string, expected: Size): Promise<Pixels> => {
  const { width, height } = expected;
  const maxBytes = width * height * 4 * SAMPLE_BYTES;
  const { planes, log } = await ffmpeg(file, layer, Math.max(maxBytes, MIN_LOG_BYTES));
  const [, format = ''] = /Stream #0:0: Video: exr, (\w+)/.exec(log) ?? [];
  const layout = PLANES[format];
  if (layout === undefined || planes.length !== width * height * layout.channels * SAMPLE_BYTES) {
    const [line = ''] = log.trimEnd().split('\n').slice(-1);
    throw new BadPicture(`the picture does not decode: ${line}`);
  }
  const samples = interleave(planes, width * height, layout.order);
  return { width, height, channels: layout.channels, bitDepth: 32, samples };
};
