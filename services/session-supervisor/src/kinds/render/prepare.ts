import { indicesBetween, indicesToText } from '#libs/indices/index.ts';
import { DomainError, isDomainError, status } from '#libs/errors/index.ts';
import type { PrepareDeps } from '../kind-wire.ts';
import type { InputFile } from '../kind.ts';
import { objectOf } from '../object-of.ts';
import { HEAD_BYTES, chooseScene, readBlendHead } from '#libs/blend/index.ts';
import type { RenderSpec } from './render.ts';

const sceneNotInHead = (scene: string, scenes: readonly string[]): DomainError =>
  new DomainError(
    status.FAILED_PRECONDITION,
    'SCENE_NOT_IN_HEAD',
    `the head of the file does not name the scene ${scene} (it names ${scenes.join(', ')}); give frames too`,
    { scene, scenes: scenes.join(',') },
  );

/** Reads frames and version from the head of a render's file, or of the one to open in a project. Never starts Blender. */
export const prepareRender = async (
  { blob }: PrepareDeps,
  spec: RenderSpec,
  customer: string,
  objectId: string,
  signal: AbortSignal,
): Promise<{ spec: RenderSpec; file: InputFile }> => {
  const object = await objectOf(blob, customer, objectId, signal);
  const { project } = object;
  const main = project?.mainBlobName ?? object.blobName;
  const head = await blob.head(main, HEAD_BYTES, signal);
  const { frames, version } = framesAndVersion(head, spec);
  return {
    spec: { ...spec, frames },
    file: {
      objectId,
      fileName: object.fileName,
      blob: object.blobName,
      sha256: object.sha256,
      sizeBytes: object.sizeBytes,
      blenderVersion: version,
      ...(project && { isProject: true as const }),
    },
  };
};

const framesAndVersion = (
  head: Uint8Array,
  spec: RenderSpec,
): { frames: string; version: string } => {
  const { frames } = spec;
  try {
    const blend = readBlendHead(head);
    const version = blend.versionText;
    const scene = chooseScene(blend, spec.scene === '' ? undefined : spec.scene);
    if (frames !== '') {
      return { frames, version };
    }
    if (scene === undefined) {
      const names = blend.scenes.map(({ name }) => name);
      throw sceneNotInHead(spec.scene, names);
    }
    return { frames: indicesToText(indicesBetween(scene.firstFrame, scene.lastFrame)), version };
  } catch (thrown) {
    // If the request names the frames, the file need not.
    const isUnread = isDomainError(thrown) && thrown.reason === 'FRAME_RANGE_UNREADABLE';
    if (!isUnread || frames === '') {
      throw thrown;
    }
    return { frames, version: thrown.metadata['version'] ?? '' };
  }
};
