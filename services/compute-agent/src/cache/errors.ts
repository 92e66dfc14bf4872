import { DomainError, status } from '#libs/errors/index.ts';

/** The fetched bytes are not the requested scene. `got` is their hash, or their number. */
export const sceneDamaged = (sha256: string, got: string): DomainError =>
  new DomainError(status.DATA_LOSS, 'SCENE_DAMAGED', `the scene ${sha256} came as ${got}`, {
    sha256,
    got,
  });

/** A scene does not fit beside the scenes that are in use. */
export const cacheFull = (sizeBytes: number, limitBytes: number): DomainError =>
  new DomainError(
    status.RESOURCE_EXHAUSTED,
    'CACHE_FULL',
    `${sizeBytes} bytes of scenes do not fit into a cache of ${limitBytes} beside those in use; give the agent more`,
    { size_bytes: sizeBytes, limit_bytes: limitBytes },
  );
