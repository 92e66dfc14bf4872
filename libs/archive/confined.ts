import { addAbortListener } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { systemClock } from '#libs/clock/index.ts';
import { DomainError, status, unavailable } from '#libs/errors/index.ts';
import { hasFilter, removeFolder, systemProgram } from '#libs/programs/index.ts';
import { type Limits, OWN_PROGRAM, type Sandbox, startConfined } from '#libs/sandbox/index.ts';
import type { Bounds } from './bounds.ts';
import type { Told } from './child.ts';
import { archiveUnfit } from './errors.ts';

const MIB = 1024 ** 2;
/** It needs about 100 MiB, most of it Node's. */
const MEMORY_BYTES = 384 * MIB;
const HEAP_MIB = 128;
const MAX_UNPACK_MS = 20 * 60_000;

/**
 * Memory has three bounds, because no one of them holds alone. V8 ends the process beyond its heap. The kernel refuses addresses, of which
 * Node reserves 1.2 GiB before it does anything. The watch ends it at the resident bytes that are meant, a second late. A cgroup would be
 * exact, but may not be made where the service is not root. The bytes on disk are counted by the child itself.
 */
const limitsOf = ({ bytes }: Bounds): Limits => ({
  memoryBytes: MEMORY_BYTES,
  addressSpaceBytes: 3 * 1024 * MIB,
  workDirBytes: Infinity,
  fileBytes: bytes,
  tmpBytes: MIB,
  processes: 64,
  openFiles: 64,
});

const CHILD = fileURLToPath(new URL('child.ts', import.meta.url));

/** RESOURCE_EXHAUSTED `ARCHIVE_TOO_LARGE`. */
const needsMore = (what: string, cause?: unknown): DomainError =>
  new DomainError(
    status.RESOURCE_EXHAUSTED,
    'ARCHIVE_TOO_LARGE',
    `the archive needs more than ${what} to unpack; pack fewer and larger files`,
    {},
    { cause },
  );

const MAX_TOLD = 4_096;

const TOLD = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('unpacked') }),
  z.object({ kind: z.literal('unfit'), why: z.string() }),
  z.object({ kind: z.literal('disk'), why: z.string() }),
]);

/** What its output says; undefined: nothing that can be understood. */
const toldIn = (output: string): Told | undefined => {
  try {
    return TOLD.parse(JSON.parse(output));
  } catch {
    return undefined;
  }
};

/**
 * Unpacks an archive of a stranger in a process of its own, which sees nothing but the archive and the new folder `into`, has no network
 * and little memory, and ends with the signal or with this process. If it throws, the folder is gone.
 *
 * @throws ARCHIVE_UNFIT; ARCHIVE_TOO_LARGE if the process exceeds its memory or 20 min; UNAVAILABLE `disk`; StartFailure if bubblewrap
 * is missing; the signal's reason
 */
export const unpackConfined = async (
  file: string,
  into: string,
  bounds: Bounds,
  signal: AbortSignal,
): Promise<void> => {
  signal.throwIfAborted();
  // As another user its files would be closed to the programs that this service starts.
  const program = await systemProgram('bwrap');
  const sandbox: Sandbox = {
    kind: 'bubblewrap',
    program,
    version: '',
    asRoot: false,
    isFiltered: hasFilter,
  };
  await mkdir(into, { mode: 0o700 });
  try {
    await run(sandbox, file, into, bounds, signal);
  } catch (thrown) {
    await removeFolder(into);
    throw thrown;
  }
};

const run = async (
  sandbox: Sandbox,
  file: string,
  into: string,
  bounds: Bounds,
  signal: AbortSignal,
): Promise<void> => {
  const readOnly = [file, ...OWN_PROGRAM];
  const box = { workDir: into, readOnly, limits: limitsOf(bounds) };
  let output = '';
  const child = startConfined(
    sandbox,
    box,
    (at) => [
      at(process.execPath),
      `--max-old-space-size=${HEAP_MIB}`,
      at(CHILD),
      at(file),
      at(into),
      JSON.stringify(bounds),
    ],
    {
      clock: systemClock,
      keepOutput: false,
      onOutput: (chunk) => {
        output = (output + chunk.toString('utf8')).slice(0, MAX_TOLD);
      },
    },
  );
  const time = AbortSignal.timeout(MAX_UNPACK_MS);
  const ending = AbortSignal.any([signal, time]);
  using _listener = addAbortListener(ending, () => void child.kill());
  const { code, signal: died, excess } = await child.exited;
  signal.throwIfAborted();
  if (time.aborted) {
    throw needsMore(`${MAX_UNPACK_MS / 60_000} min`);
  }
  const told = toldIn(output);
  if (excess !== undefined || told === undefined) {
    const cause = new Error(`code ${code}, signal ${died}: ${excess?.text ?? child.log()}`);
    throw needsMore(`${MEMORY_BYTES / MIB} MiB of memory`, cause);
  }
  switch (told.kind) {
    case 'unpacked':
      return;
    case 'unfit':
      throw archiveUnfit(told.why);
    case 'disk':
      throw unavailable('disk', `the archive cannot be written (${told.why}); try again later`);
    default:
      throw told satisfies never;
  }
};
