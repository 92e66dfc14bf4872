import { stat } from 'node:fs/promises';
import { inParallel } from '#libs/async/index.ts';
import { ObjectServiceService, type Object as MeshObject } from '#libs/contracts/blob.ts';
import { MAX_FIND_OBJECTS } from '#libs/mesh/index.ts';
import { inputUnreadable, textOf } from '../failures.ts';
import { persistently } from '../patience.ts';
import { hashFile, makeObject, sendFile, type UploadOptions } from '../workload/upload.ts';
import type { PlacedFile } from './place-files.ts';

/** What went to the mesh, and what was there already. */
export interface Sent {
  objectId: string;
  /** All files that go along, and how long they are. */
  files: number;
  bytes: number;
  /** What was sent: each content once. */
  sentFiles: number;
  sentBytes: number;
  /** Files whose content the mesh had before. */
  thereFiles: number;
}

/** What went to the mesh, and how many files that pictures can show did not. */
export interface HandedIn extends Omit<Sent, 'objectId'> {
  missingFiles: number;
}

/** How far the sending is. */
export type OnSending = (progress: Sent & { doneBytes: number }) => void;

export interface SendOptions extends Omit<UploadOptions, 'path'> {
  /** The file to open first. */
  files: readonly PlacedFile[];
  onSending: OnSending;
}

const HASHES_AT_ONCE = 2;
const UPLOADS_AT_ONCE = 8;

interface Content {
  sha256: string;
  sizeBytes: number;
  source: string;
}

const bytesOf = (some: readonly Content[]): number =>
  some.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

/** Each file's content by its source. */
const contentsOf = async (
  files: readonly PlacedFile[],
  signal: AbortSignal,
): Promise<Map<string, Content>> => {
  const contents = new Map<string, Content>();
  const sources = [...new Set(files.map(({ source }) => source))];
  await inParallel(HASHES_AT_ONCE, sources, async (source) => {
    try {
      const { size: sizeBytes } = await stat(source);
      contents.set(source, { source, sizeBytes, sha256: await hashFile(source, signal) });
    } catch (error) {
      signal.throwIfAborted();
      throw inputUnreadable(source, textOf(error), error);
    }
  });
  return contents;
};

const findThere = async (
  options: SendOptions,
  hashes: readonly string[],
): Promise<Map<string, string>> => {
  const { mesh, customerId, patience, cli } = options;
  const { findObjects } = mesh.client(ObjectServiceService, 'customer');
  const there = new Map<string, string>();
  for (let at = 0; at < hashes.length; at += MAX_FIND_OBJECTS) {
    const sha256 = hashes.slice(at, at + MAX_FIND_OBJECTS);
    const { objects } = await persistently(patience, () =>
      findObjects({ sha256, customerId }, { signal: cli.interrupt, deadlineMs: 60_000 }),
    );
    for (const object of objects) {
      there.set(object.sha256, object.objectId);
    }
  }
  return there;
};

/** Sends a single .blend as an object of its own. If the mesh has its bytes, a project names it as it is named now. */
const sendSingle = async (options: SendOptions, { source }: PlacedFile): Promise<Sent> => {
  const contents = await contentsOf(options.files, options.cli.interrupt);
  const content = contents.get(source) ?? { source, sha256: '', sizeBytes: 0 };
  const { sha256, sizeBytes } = content;
  if ((await findThere(options, [sha256])).has(sha256)) {
    return sendProject(options);
  }
  const sent = { files: 1, bytes: sizeBytes, sentFiles: 1, sentBytes: sizeBytes, thereFiles: 0 };
  let doneBytes = 0;
  const path = source;
  const blobName = await sendFile({ ...options, path }, content, (bytes) => {
    doneBytes += bytes;
    options.onSending({ ...sent, objectId: '', doneBytes });
  });
  const { objectId } = await makeObject({ ...options, path }, blobName);
  return { ...sent, objectId };
};

/** Sends what a scene needs: a .blend that is alone as a single file, or a project. */
export const send = async (options: SendOptions): Promise<Sent> => {
  const [main, ...others] = options.files;
  return main !== undefined && others.length === 0
    ? sendSingle(options, main)
    : sendProject(options);
};

/** Sends a project to the mesh, each content once and only what the mesh does not have, and makes an object of it. */
const sendProject = async (options: SendOptions): Promise<Sent> => {
  const { mesh, customerId, patience, cli, files, onSending } = options;
  const { interrupt: signal, random } = cli;
  const contents = await contentsOf(files, signal);
  const distinct = [...new Map([...contents.values()].map((each) => [each.sha256, each])).values()];
  const full = distinct.filter(({ sizeBytes }) => sizeBytes > 0);
  const objects = await findThere(
    options,
    full.map(({ sha256 }) => sha256),
  );
  const toSend = full.filter(({ sha256 }) => !objects.has(sha256));
  const all = files.flatMap(({ source }) => contents.get(source) ?? []);
  const sent = {
    objectId: '',
    files: files.length,
    bytes: bytesOf(all),
    sentFiles: toSend.length,
    sentBytes: bytesOf(toSend),
    thereFiles: all.filter(({ sha256 }) => objects.has(sha256)).length,
  };
  let doneBytes = 0;
  onSending({ ...sent, doneBytes });
  await inParallel(UPLOADS_AT_ONCE, toSend, async (content) => {
    signal.throwIfAborted();
    const path = content.source;
    const onBytes = (bytes: number): void => {
      doneBytes += bytes;
      onSending({ ...sent, doneBytes });
    };
    const blobName = await sendFile({ ...options, path }, content, onBytes);
    const object = await makeObject({ ...options, path }, blobName);
    objects.set(content.sha256, object.objectId);
  });
  const parts = files.map(({ path, source }) => ({
    path,
    objectId: objects.get(contents.get(source)?.sha256 ?? '') ?? '',
  }));
  const mainPath = parts[0]?.path ?? '';
  const ask = { files: parts, mainPath, customerId, requestId: random.id('r') };
  const { createProject } = mesh.client(ObjectServiceService, 'customer');
  const { object } = await persistently(patience, () =>
    createProject(ask, { signal, deadlineMs: 60_000 }),
  );
  return { ...sent, objectId: idOf(object) };
};

const idOf = (object: MeshObject | undefined): string => {
  if (object === undefined) {
    throw new TypeError('the blob service answered no object');
  }
  return object.objectId;
};
