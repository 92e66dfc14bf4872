import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';

const run = promisify(execFile);
const PLAIN = ['--background', '--factory-startup', '--disable-autoexec', '-noaudio'];

/** The scenes of scenes.py, as Blender itself writes them. */
export const writeScenes = async (
  dir: string,
): Promise<Record<'animated' | 'composited' | 'missing' | 'draped', Buffer>> => {
  const script = fileURLToPath(new URL('scenes.py', import.meta.url));
  await run('blender', [...PLAIN, '--python-exit-code', '1', '--python', script, '--', dir]);
  const read = (name: string): Promise<Buffer> => readFile(join(dir, `${name}.blend`));
  const [animated, composited, missing, draped] = await Promise.all(
    ['animated', 'composited', 'missing', 'draped'].map(read),
  );
  return { animated: animated!, composited: composited!, missing: missing!, draped: draped! };
};

/** Renders a scene with Blender alone. Returns the files of the pictures by frame. */
export const renderDirectly = async (
  dir: string,
  first: number,
  last: number,
  name = 'animated',
): Promise<Map<number, string>> => {
  const scene = join(dir, `${name}.blend`);
  const frames = ['--frame-start', String(first), '--frame-end', String(last), '--render-anim'];
  const output = ['--render-output', join(dir, `${name}-direct-####`), '--render-format', 'PNG'];
  await run('blender', [...PLAIN, scene, ...output, ...frames]);
  const files = new Map<number, string>();
  for (let frame = first; frame <= last; frame += 1) {
    files.set(frame, join(dir, `${name}-direct-${String(frame).padStart(4, '0')}.png`));
  }
  return files;
};

/** The hash that `Completed.pixel_hash` defines, for pictures with 8 bits. */
export const pixelHashOf = async (picture: string | Buffer): Promise<string> => {
  const { data, info } = await sharp(picture).raw().toBuffer({ resolveWithObject: true });
  const head = Buffer.alloc(16);
  for (const [i, value] of [info.width, info.height, info.channels, 8].entries()) {
    head.writeUInt32LE(value, 4 * i);
  }
  return createHash('sha256').update(head).update(data).digest('hex');
};
