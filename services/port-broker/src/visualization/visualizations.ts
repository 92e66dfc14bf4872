import { join } from 'node:path';
import { mkdir, rename, rm } from 'node:fs/promises';
import { MAX_RATIO, unpackConfined } from '#libs/archive/index.ts';
import { createFairLimit } from '#libs/async/index.ts';
import { DomainError, isDomainError, status, unavailable } from '#libs/errors/index.ts';
import type { BlobAccess } from '../blob-access.ts';
import type { Config } from '../config.ts';
import type { Sample } from '../domain/activity.ts';
import type { Session } from '../domain/session.ts';
import { removeFolder, StartFailure, treeUsage } from '#libs/programs/index.ts';
import { folderUsage } from '#libs/sandbox/index.ts';
import { giveAll, NOBODY } from '../process/user.ts';
import { connectionsOf } from '../process/connections.ts';
import { startFailed } from '../session/errors.ts';
import { watchIdle, type IdleWatch } from '../session/idle.ts';
import {
  openSessionManager,
  type SessionManager,
  type SessionManagerOptions,
  type StartedSession,
} from '../session/session-manager.ts';
import { newConnectId } from './connect-id.ts';
import { caseWithin, findCase, markCase, type Source } from './case.ts';
import {
  pvserverSessions,
  pvserverVersion,
  tellMinutes,
  type VisualizationSpec,
} from './pvserver.ts';

export type VisualizationSession = Session<VisualizationSpec>;

export interface Visualizations {
  /** `reach`: the customer who must own the object; undefined: anybody may. */
  start(
    ask: {
      source: Source;
      owner: string;
      isBound: boolean;
      reach: string | undefined;
      waitMs: number | undefined;
    },
    signal: AbortSignal,
  ): Promise<StartedSession<VisualizationSpec>>;
  manager: SessionManager<VisualizationSpec>;
  idle: IdleWatch;
  /** How many clients a server has now. */
  clients(id: string): number;
  /** How long a server may be unused before it ends; 0: for ever. */
  idleMs: number;
  close(): void;
}

/** A case of 64 parts with 10 fields has as many after 300 time steps. */
const MAX_ENTRIES = 200_000;
/** Each takes a processor, and some memory. */
const UNPACKS_AT_ONCE = 2;

export const openVisualizations = (
  {
    address,
    visualization,
    sessionDiskBytes,
  }: Pick<Config, 'address' | 'visualization' | 'sessionDiskBytes'>,
  keeping: SessionManagerOptions,
  blob: BlobAccess | undefined,
): Visualizations => {
  const { clock, events } = keeping;
  const { roots, archiveBytes, pvserver, memoryBytes, idleMs } = visualization;
  const maxCase = { bytes: archiveBytes, entries: MAX_ENTRIES };
  const inTurn = createFairLimit(UNPACKS_AT_ONCE);

  /** Unpacks an archive once, and renames it into place, because whatever is there must be whole. */
  const unpacked = async (
    session: VisualizationSession,
    folder: string,
    leaving: AbortSignal,
  ): Promise<string> => {
    const { objectId } = session.spec;
    const place = join(folder, 'case');
    const found = await caseWithin(place, `object ${objectId}`).catch(() => undefined);
    if (found !== undefined) {
      return found;
    }
    const part = join(folder, 'case.part');
    const file = join(folder, 'archive');
    for (const path of [part, file, place]) {
      await removeFolder(path);
    }
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const signal = AbortSignal.any([leaving, AbortSignal.timeout(FETCH_MS)]);
    const object = await blob?.getObject(objectId, signal);
    if (object === undefined || blob === undefined) {
      throw blobAway();
    }
    await blob.fetch(object, file, signal);
    const bounds = { bytes: archiveBytes, entries: MAX_ENTRIES, ratio: MAX_RATIO };
    await inTurn(session.owner, () => unpackConfined(file, part, bounds, leaving));
    await rm(file, { force: true });
    await caseWithin(part, `object ${objectId}`);
    await rename(part, place);
    return caseWithin(place, `object ${objectId}`);
  };
  const caseOf = async (session: VisualizationSession, folder: string): Promise<string> => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const { caseDir } = session.spec;
    const of = caseDir === '' ? await unpacked(session, folder, NEVER) : caseDir;
    const foam = await markCase(of);
    if (caseDir === '') {
      await giveAll(of, NOBODY);
    }
    const given = caseDir === '' ? (session.spec.given ?? (await folderUsage(folder))) : undefined;
    manager.note(session.id, { spec: { ...session.spec, foam, ...(given && { given }) } });
    if (idleMs > 0) {
      await tellMinutes(folder, Math.ceil(idleMs / 60_000));
    }
    return of;
  };

  const prepare = async (
    session: VisualizationSession,
    folder: string,
    leaving: AbortSignal,
  ): Promise<void> => {
    if (session.spec.caseDir === '') {
      await unpacked(session, folder, leaving);
    }
  };

  const isTimed = idleMs > 0;
  const type = pvserverSessions({
    address,
    pvserver,
    memoryBytes,
    diskBytes: sessionDiskBytes,
    maxCase,
    isTimed,
    caseOf,
    prepare,
  });
  const manager = openSessionManager(type, keeping);
  /** Bytes that each client of a server has exchanged with it. */
  const clientsOf = (id: string): Map<string, number> => {
    const forwarder = manager.pid(id, 'forwarder');
    return forwarder === undefined ? new Map() : connectionsOf(forwarder);
  };
  const sample = async (id: string): Promise<Sample | undefined> => {
    const program = manager.pid(id, 'pvserver');
    if (program === undefined) {
      return undefined;
    }
    const { cpuTicks } = await treeUsage(program);
    return { at: clock.monotonic(), connections: clientsOf(id), cpuTicks };
  };
  const idle = watchIdle({
    manager,
    clock,
    idleMs,
    sample,
    tell: async (session, minutesLeft) => {
      if (minutesLeft <= SOON_MINUTES) {
        events.sessionIdle(session, minutesLeft);
      }
      await tellMinutes(join(keeping.folder, session.id), minutesLeft);
    },
  });

  const keyOf = async (
    source: Source,
    reach: string | undefined,
    signal: AbortSignal,
  ): Promise<{ key: string; caseDir: string }> => {
    if (source.kind === 'folder') {
      const caseDir = await findCase(source.folder, roots);
      return { key: `folder ${caseDir}`, caseDir };
    }
    if (blob === undefined) {
      throw blobAway();
    }
    const object = await blob.getObject(source.objectId, signal);
    if (object === undefined || (reach !== undefined && object.customerId !== reach)) {
      throw objectNotFound(source.objectId);
    }
    return { key: `object ${source.objectId}`, caseDir: '' };
  };

  /** If every port is in use, adds to the error which server ends next. */
  const named = (thrown: unknown): unknown => {
    if (thrown instanceof StartFailure) {
      return startFailed(thrown);
    }
    if (!isDomainError(thrown) || thrown.reason !== 'PORT_POOL_EXHAUSTED') {
      return thrown;
    }
    const next = manager
      .list()
      .map(({ id }) => ({ id, left: idle.leftMs(id) ?? Infinity }))
      .sort((a, b) => a.left - b.left)[0];
    if (next === undefined || next.left === Infinity) {
      return thrown;
    }
    const minutes = Math.ceil(next.left / 60_000);
    return new DomainError(
      thrown.code,
      thrown.reason,
      `${thrown.message}; ${next.id} ends next, in ${minutes} min if nobody uses it`,
      { ...thrown.metadata, next_to_end: next.id },
      { retryAfterMs: next.left, cause: thrown },
    );
  };

  return {
    start: async ({ source, owner, isBound, reach, waitMs }, signal) => {
      try {
        const { key, caseDir } = await keyOf(source, reach, signal);
        const version = await pvserverVersion(pvserver);
        const objectId = source.kind === 'object' ? source.objectId : '';
        const holder =
          `ParaView server of ${caseDir === '' ? `object ${objectId}` : caseDir}`.slice(0, 200);
        const connectId = newConnectId(keeping.random);
        const spec = { caseDir, objectId, foam: '', version, connectId };
        return await manager.start({ key, owner, isBound, holder, spec, waitMs }, signal);
      } catch (thrown) {
        throw named(thrown);
      }
    },
    manager,
    idle,
    clients: (id) => clientsOf(id).size,
    idleMs,
    close: () => {
      idle.close();
      manager.close();
    },
  };
};

const FETCH_MS = 30 * 60_000;
const NEVER = new AbortController().signal;
const SOON_MINUTES = 5;

const blobAway = (): DomainError =>
  unavailable(
    'blob',
    'this broker has no blob service to fetch archives from; set MUSTER_BLOB_ENDPOINT',
  );

const objectNotFound = (objectId: string): DomainError =>
  new DomainError(
    status.NOT_FOUND,
    'OBJECT_NOT_FOUND',
    `no object ${objectId}; list them with ListObjects`,
    { object: objectId },
  );
