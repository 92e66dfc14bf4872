import type { Clock } from '#libs/clock/index.ts';
import { ProjectManifest } from '#libs/contracts/blob.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import type { BlobAccess } from '../../blob-access.ts';
import type { InputFile } from '../../kinds/kind.ts';

interface SceneCheckOptions {
  blob: Pick<BlobAccess, 'digest' | 'head'>;
  /** Unset for work without an input. */
  file: InputFile | undefined;
  clock: Clock;
  logger: Logger;
  signal: AbortSignal;
  /** Takes what is wrong with the input, for people. */
  onLost: (userName: string, what: string) => void;
}

/** After a check that found all there, none follows for this long, because users may say it again and again. */
const REST_MS = 60_000;

interface Part {
  name: string;
  blob: string;
  sha256: string;
}

/**
 * Checks whether an input that a user could not get is stored as it was handed in. One check runs at a time. Never rejects: if
 * blob is away, the user tries again later, and says it again.
 */
export const createSceneCheck = (options: SceneCheckOptions) => {
  const { file, clock, logger, signal } = options;
  let isRunning = false;
  let restsUntil = 0;

  return async (userName: string): Promise<void> => {
    if (file === undefined || isRunning || clock.monotonic() < restsUntil) {
      return;
    }
    isRunning = true;
    try {
      const lost = await findLost(options.blob, file, signal);
      if (lost === undefined) {
        restsUntil = clock.monotonic() + REST_MS;
        logger.warn({ userName }, 'a user says that the scene is lost, and it is there');
      } else {
        options.onLost(userName, lost);
      }
    } catch (err) {
      logger.debug({ err }, 'a scene that a user could not get was not checked');
    } finally {
      isRunning = false;
    }
  };
};

/** What is missing or damaged of an input; undefined if nothing is. */
const findLost = async (
  blob: SceneCheckOptions['blob'],
  file: InputFile,
  signal: AbortSignal,
): Promise<string | undefined> => {
  const whole = { name: file.fileName, blob: file.blob, sha256: file.sha256 };
  const wrong = await wrongWith(blob, whole, signal);
  if (wrong !== undefined || file.isProject !== true) {
    return wrong;
  }
  const manifest = ProjectManifest.decode(await blob.head(file.blob, file.sizeBytes, signal));
  for (const { path: name, blobName, sha256 } of manifest.files) {
    const found =
      blobName === '' ? undefined : await wrongWith(blob, { name, blob: blobName, sha256 }, signal);
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
};

const wrongWith = async (
  blob: SceneCheckOptions['blob'],
  { name, blob: blobName, sha256 }: Part,
  signal: AbortSignal,
): Promise<string | undefined> => {
  const digest = await blob.digest(blobName, signal);
  if (digest === sha256) {
    return undefined;
  }
  return digest === undefined
    ? `${name} is not stored any more`
    : `${name} is damaged where it is stored`;
};
