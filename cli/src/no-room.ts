const NO_ROOM: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT']);

/** Whether a disk or its quota is full. */
export const isNoRoom = (thrown: unknown): boolean =>
  thrown instanceof Error && 'code' in thrown && NO_ROOM.has(thrown.code);
