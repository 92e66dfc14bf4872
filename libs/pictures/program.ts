// The program that decodes what strangers wrote. It runs confined, reads requests from stdin and answers on stdout.
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { comparePictures, inspectPicture, type PictureVerdict } from './inspect.ts';
import type { DecoderAnswer, DecoderRequest, SceneRequest } from './messages.ts';
import { pictureSize } from './size.ts';

const NEWLINE = 0x0a;
/** Its work folder. */
const FILE = join(process.cwd(), 'picture');

const chunks = process.stdin[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
/** What was read beyond the last request. */
let rest: Buffer = Buffer.alloc(0);

/** The next line; undefined at the end of the input. */
const nextLine = async (): Promise<string | undefined> => {
  for (;;) {
    const end = rest.indexOf(NEWLINE);
    if (end !== -1) {
      const line = rest.toString('utf8', 0, end);
      rest = rest.subarray(end + 1);
      return line;
    }
    const { done, value } = await chunks.next();
    if (done === true) {
      return undefined;
    }
    rest = Buffer.concat([rest, value]);
  }
};

/** The next bytes, as they come. */
async function* nextBytes(length: number): AsyncGenerator<Buffer> {
  let left = length;
  while (left > 0) {
    if (rest.length === 0) {
      const { done, value } = await chunks.next();
      if (done === true) {
        throw new Error('the file is cut off');
      }
      rest = value;
    }
    const part = rest.subarray(0, left);
    rest = rest.subarray(part.length);
    left -= part.length;
    yield part;
  }
}

const answer = (message: DecoderAnswer): void => {
  process.stdout.write(`${JSON.stringify(message)}\n`);
};

const asMessage = (verdict: PictureVerdict): DecoderAnswer => {
  if (verdict.kind === 'bad') {
    return verdict;
  }
  const { preview, ...found } = verdict;
  return {
    ...found,
    ...(preview !== undefined && { preview: Buffer.from(preview).toString('base64') }),
  };
};

/** Nobody knows the size of what Blender reads and this does not, such as a linked scene. */
const sizeIn = async ({ scene, scalePercent }: SceneRequest): Promise<DecoderAnswer> => {
  // Most programs are never asked.
  const { openSource, readBlendFile, resolutionOf } = await import('#libs/blend/index.ts');
  try {
    await using source = await openSource(FILE);
    const found = resolutionOf(await readBlendFile(source), scene);
    const percent = scalePercent || (found?.percent ?? 0);
    const size = found && pictureSize({ ...found, percent, stretch: [1, 1] });
    return { kind: 'scene', size };
  } catch {
    return { kind: 'scene' };
  }
};

const OTHER = `${FILE}-2`;

const take = (file: string, length: number): Promise<void> =>
  pipeline(nextBytes(length), createWriteStream(file));

const answerTo = async (request: DecoderRequest): Promise<DecoderAnswer> => {
  const { sizeBytes } = request;
  switch (request.do) {
    case 'picture':
      await take(FILE, sizeBytes);
      return asMessage(await inspectPicture(FILE, request));
    case 'scene':
      await take(FILE, sizeBytes);
      return sizeIn(request);
    case 'compare': {
      const { firstBytes, extension } = request;
      const sizes = [firstBytes, sizeBytes - firstBytes] as const;
      await take(FILE, sizes[0]);
      await take(OTHER, sizes[1]);
      const differing = await comparePictures([FILE, OTHER], sizes, extension);
      return { kind: 'compared', differing };
    }
    default:
      return request satisfies never;
  }
};

answer({ kind: 'ready' });
for (let line = await nextLine(); line !== undefined; line = await nextLine()) {
  try {
    answer(await answerTo(JSON.parse(line) as DecoderRequest));
  } catch (error) {
    answer({ kind: 'trouble', reason: error instanceof Error ? error.message : String(error) });
  }
  await Promise.all([FILE, OTHER].map((file) => rm(file, { force: true })));
}
