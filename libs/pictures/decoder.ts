import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLimit } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import {
  type Box,
  type ConfinedProcess,
  decoderLimits,
  makeWorkDir,
  OWN_PROGRAM,
  type Sandbox,
  startConfined,
} from '#libs/sandbox/index.ts';
import { checkLength, type Extension, MAX_PICTURE_BYTES, maxFileBytes } from './formats.ts';
import type { Inspected, PictureVerdict } from './inspect.ts';
import {
  type DecoderAnswer,
  decoderAnswer,
  type DecoderRequest,
  MAX_ANSWER_BYTES,
  type SceneRequest,
} from './messages.ts';
import { BadPicture, type Size } from './pixels.ts';

/** Where and how pictures are decoded. */
export interface DecoderContext {
  sandbox: Sandbox;
  clock: Clock;
}

/** A file as a stream of bytes, and what it should be. */
export interface Checked extends Omit<Inspected, 'wantsPreview'> {
  bytes: AsyncIterable<Uint8Array>;
  wantsPreview?: boolean;
}

/** Two pictures of one format, as streams of bytes. */
export interface Compared {
  extension: Extension;
  files: readonly [StreamedFile, StreamedFile];
}

interface StreamedFile {
  bytes: AsyncIterable<Uint8Array>;
  sizeBytes: number;
}

/** One after the other. */
async function* joined(files: readonly StreamedFile[]): AsyncGenerator<Uint8Array> {
  for (const { bytes } of files) {
    yield* bytes;
  }
}

/** A confined program that decodes one picture after the other. Its disposal ends the program; a later picture starts another. */
export interface PictureDecoder extends AsyncDisposable {
  /** Starts the program, if there is none, before the first picture needs it. */
  warm(): void;
  /**
   * Checks a picture. A program that takes too long, uses too much or dies over it makes it a bad one. Throws what `bytes` throws, and
   * Error if this machine cannot decode.
   */
  check(checked: Checked): Promise<PictureVerdict>;
  /** The share of samples of two pictures that differ noticeably, 0 to 1; 1 if one does not decode. Throws as `check` does. */
  compare(pictures: Compared): Promise<number>;
  /** The size of the pictures of a .blend; undefined if it cannot be told. Throws as `check` does. */
  sceneSize(scene: SceneRequest & { bytes: AsyncIterable<Uint8Array> }): Promise<Size | undefined>;
}

const PROGRAM = fileURLToPath(new URL('program.ts', import.meta.url));

const TIMEOUT_MS = 120_000;

interface Running {
  program: ConfinedProcess;
  folder: string;
  /** The next answer; undefined if the program ends before. */
  answer: () => Promise<DecoderAnswer | undefined>;
}

const start = async ({ sandbox, clock }: DecoderContext): Promise<Running> => {
  const folder = await mkdtemp(join(tmpdir(), 'muster-decode-'));
  const box: Box = { workDir: join(folder, 'work'), readOnly: OWN_PROGRAM, limits: decoderLimits };
  await makeWorkDir(sandbox, box.workDir);
  let said = '';
  let heard = Promise.withResolvers<void>();
  const program = startConfined(
    sandbox,
    box,
    (at) => [at(process.execPath), '--disable-warning=ExperimentalWarning', at(PROGRAM)],
    {
      clock,
      keepOutput: false,
      onOutput: (chunk) => {
        said += chunk.toString('latin1');
        if (said.length > MAX_ANSWER_BYTES) {
          void program.kill();
        }
        heard.resolve();
      },
    },
  );
  let isEnded = false;
  const onExit = (): void => {
    isEnded = true;
    heard.resolve();
  };
  void program.exited.then(onExit);
  const answer = async (): Promise<DecoderAnswer | undefined> => {
    for (;;) {
      const end = said.indexOf('\n');
      if (end !== -1) {
        const line = said.slice(0, end);
        said = said.slice(end + 1);
        return decoderAnswer.safeParse(parsed(line)).data;
      }
      if (isEnded) {
        return undefined;
      }
      heard = Promise.withResolvers<void>();
      await heard.promise;
    }
  };
  return { program, folder, answer };
};

const parsed = (line: string): unknown => {
  try {
    return JSON.parse(Buffer.from(line, 'latin1').toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
};

/** Writes a request and its file, no faster than the program reads. Ends early if the program does. */
const send = async (
  { input, exited }: ConfinedProcess,
  request: DecoderRequest,
  bytes: AsyncIterable<Uint8Array>,
): Promise<void> => {
  input.write(`${JSON.stringify(request)}\n`);
  const gone = new AbortController();
  void exited.then(() => gone.abort());
  let sent = 0;
  for await (const chunk of bytes) {
    sent += chunk.length;
    if (sent > request.sizeBytes) {
      break;
    }
    if (!input.write(chunk) && !gone.signal.aborted) {
      await once(input, 'drain', { signal: gone.signal }).catch(() => undefined);
    }
  }
  if (sent !== request.sizeBytes) {
    throw new Error(`the file has ${sent} bytes or more, not ${request.sizeBytes}`);
  }
};

/**
 * Creates a decoder; its program starts with the first picture. A picture that takes the program over can lie about those after it, so
 * a decoder is for the pictures of one scene or workload.
 */
export const createDecoder = (context: DecoderContext): PictureDecoder => {
  let running: Promise<Running> | undefined;
  const oneAtATime = createLimit(1);

  const end = async (): Promise<void> => {
    const ending = running;
    running = undefined;
    const { program, folder } = (await ending?.catch(() => undefined)) ?? {};
    await program?.kill();
    if (folder !== undefined) {
      await rm(folder, { recursive: true, force: true });
    }
  };

  const startReady = async (): Promise<Running> => {
    const started = await start(context);
    if ((await started.answer())?.kind !== 'ready') {
      await started.program.kill();
      await rm(started.folder, { recursive: true, force: true });
      throw new Error(`no program to decode pictures: ${started.program.log().trim()}`);
    }
    return started;
  };
  const started = (): Promise<Running> => {
    running ??= startReady();
    running.catch(() => (running = undefined));
    return running;
  };

  /** The answer, or why there is none. */
  const ask = async (
    request: DecoderRequest,
    bytes: AsyncIterable<Uint8Array>,
  ): Promise<DecoderAnswer | { kind: 'none'; why: string }> => {
    const { program, answer } = await started();
    let isLate = false;
    const timer = context.clock.setTimer(TIMEOUT_MS, () => {
      isLate = true;
      void program.kill();
    });
    try {
      await send(program, request, bytes);
      const found = await answer();
      if (found?.kind === 'trouble') {
        throw new Error(found.reason);
      }
      if (found !== undefined) {
        return found;
      }
      const { excess } = await program.kill();
      const why = isLate ? `it takes over ${TIMEOUT_MS / 1_000} s` : (excess?.text ?? 'it crashes');
      await end();
      return { kind: 'none', why };
    } catch (error) {
      // Nobody knows how much of the file it has read.
      await end();
      throw error;
    } finally {
      timer.cancel();
    }
  };

  const check = async ({ bytes, ...checked }: Checked): Promise<PictureVerdict> => {
    try {
      checkLength(checked.sizeBytes, maxFileBytes(checked.extension, checked.expected));
    } catch (error) {
      if (error instanceof BadPicture) {
        return { kind: 'bad', reason: error.message };
      }
      throw error;
    }
    const wantsPreview = checked.wantsPreview ?? false;
    const found = await oneAtATime(ask, { do: 'picture', ...checked, wantsPreview }, bytes);
    if (found.kind === 'good') {
      const { preview, ...good } = found;
      return { ...good, ...(preview !== undefined && { preview: Buffer.from(preview, 'base64') }) };
    }
    const why = found.kind === 'none' ? found.why : 'it answers something else';
    return found.kind === 'bad'
      ? found
      : { kind: 'bad', reason: `the picture does not decode: the decoder stops, ${why}` };
  };

  return {
    warm: () => void started().catch(() => undefined),
    check,
    compare: async ({ extension, files }) => {
      const [{ sizeBytes: firstBytes }, other] = files;
      const sizeBytes = firstBytes + other.sizeBytes;
      if (sizeBytes > MAX_PICTURE_BYTES) {
        return 1;
      }
      const request = { do: 'compare', extension, sizeBytes, firstBytes } as const;
      const found = await oneAtATime(ask, request, joined(files));
      return found.kind === 'compared' ? found.differing : 1;
    },
    sceneSize: async ({ bytes, ...request }) => {
      if (request.sizeBytes > MAX_PICTURE_BYTES) {
        return undefined;
      }
      const found = await oneAtATime(ask, { do: 'scene', ...request }, bytes);
      return found.kind === 'scene' ? found.size : undefined;
    },
    [Symbol.asyncDispose]: end,
  };
};
