// The program that decodes what strangers wrote. It runs confined, reads requests from stdin and answers on stdout.
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { inspectPicture, type PictureVerdict } from './inspect.ts';
import type { PictureAnswer, PictureRequest } from './messages.ts';

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

const answer = (message: PictureAnswer): void => {
  process.stdout.write(`${JSON.stringify(message)}\n`);
};

const asMessage = (verdict: PictureVerdict): PictureAnswer => {
  if (verdict.kind === 'bad') {
    return verdict;
  }
  const { preview, ...found } = verdict;
  return {
    ...found,
    ...(preview !== undefined && { preview: Buffer.from(preview).toString('base64') }),
  };
};

answer({ kind: 'ready' });
for (let line = await nextLine(); line !== undefined; line = await nextLine()) {
  const request = JSON.parse(line) as PictureRequest;
  try {
    await pipeline(nextBytes(request.sizeBytes), createWriteStream(FILE));
    answer(asMessage(await inspectPicture(FILE, request)));
  } catch (error) {
    answer({ kind: 'trouble', reason: error instanceof Error ? error.message : String(error) });
  }
  await rm(FILE, { force: true });
}
