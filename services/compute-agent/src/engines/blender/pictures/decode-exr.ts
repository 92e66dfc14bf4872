import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '#libs/clock/index.ts';
import {
  type Box,
  helperLimits,
  makeWorkDir,
  type Sandbox,
  startConfined,
} from '#libs/sandbox/index.ts';
import { BadPicture, type Pixels, type Size } from './pixels.ts';

/** The order in which ffmpeg writes the planes of each of its pixel formats, as indices into a pixel of ours. */
const PLANES: Readonly<Record<string, { channels: 1 | 3 | 4; order: readonly number[] }>> = {
  grayf32le: { channels: 1, order: [0] },
  gbrpf32le: { channels: 3, order: [1, 2, 0] },
  gbrapf32le: { channels: 4, order: [1, 2, 0, 3] },
};

const FFMPEG =
  '/usr/bin/ffmpeg -hide_banner -nostdin -loglevel info -xerror -err_detect explode -threads 1 -f exr_pipe';
const ONE_RAW_PICTURE = '-frames:v 1 -f rawvideo pipe:1';
const SAMPLE_BYTES = 4;
/** The exit code by which prlimit and shells say that there is no such program. */
const NOT_FOUND = 127;
const TIMEOUT_MS = 120_000;

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

/** Runs ffmpeg on the file in a sandbox of its own, and collects at most `most` bytes of decoded planes. */
const ffmpeg = async (
  file: string,
  layer: string,
  most: number,
  { sandbox, clock }: { sandbox: Sandbox; clock: Clock },
): Promise<{ planes: Buffer; log: string; ended: boolean }> => {
  const folder = await mkdtemp(join(tmpdir(), 'muster-exr-'));
  try {
    const box: Box = { workDir: join(folder, 'work'), readOnly: [file], limits: helperLimits };
    await makeWorkDir(sandbox, box.workDir);
    const planes: Buffer[] = [];
    let size = 0;
    const onOutput = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= most) {
        planes.push(chunk);
      }
    };
    const running = startConfined(
      sandbox,
      box,
      (at) => [
        ...FFMPEG.split(' '),
        '-layer',
        layer,
        '-i',
        at(file),
        ...ONE_RAW_PICTURE.split(' '),
      ],
      { clock, onOutput, keepOutput: false },
    );
    const timer = clock.setTimer(TIMEOUT_MS, () => void running.kill());
    const { code } = await running.exited;
    timer.cancel();
    if (code === NOT_FOUND) {
      const words = running.log().trim();
      throw new Error(`ffmpeg, which OpenEXR pictures need, is not installed: ${words}`);
    }
    return { planes: Buffer.concat(planes), log: running.log(), ended: code === 0 && size <= most };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/**
 * Decodes one layer of an OpenEXR file, the one without a name for an empty `layer`, with ffmpeg in a sandbox, because sharp's prebuilt binaries cannot. Half floats
 * become 32-bit floats. The caller has checked that the file is whole, because ffmpeg decodes
 * a truncated one without an error. Throws BadPicture if the file does not decode or has another size.
 */
export const decodeExr = async (
  file: string,
  layer: string,
  expected: Size,
  context: { sandbox: Sandbox; clock: Clock },
): Promise<Pixels> => {
  const { width, height } = expected;
  const { planes, log, ended } = await ffmpeg(
    file,
    layer,
    width * height * 4 * SAMPLE_BYTES,
    context,
  );
  const [, format = ''] = /Stream #0:0: Video: exr, (\w+)/.exec(log) ?? [];
  const layout = PLANES[format];
  if (
    !ended ||
    layout === undefined ||
    planes.length !== width * height * layout.channels * SAMPLE_BYTES
  ) {
    const [line = ''] = log.trimEnd().split('\n').slice(-1);
    throw new BadPicture(`the picture does not decode: ${line}`);
  }
  const samples = interleave(planes, width * height, layout.order);
  return { width, height, channels: layout.channels, bitDepth: 32, samples };
};
