import type { InputResult } from '#libs/contracts/agent.ts';
import type { ListPartsResponse, PartFile, StoredPart } from '#libs/contracts/blob.ts';
import { inParallel } from '#libs/async/index.ts';
import { fromServiceError, statusName } from '#libs/errors/index.ts';
import {
  CANCELLED,
  type Cancelled,
  failed,
  type Failed,
  type FetchedParts,
} from '../engines/engine.ts';
import { patiently } from './blobs.ts';
import { placePart, type Placing } from './placing.ts';
import { canHelp, getScene, isLost, PATIENCE_MS, type SceneOptions } from './scene.ts';

/** What the files are of: the result or the checkpoint of a task. */
export interface Wanted {
  task: string;
  /** For people: `the checkpoint 0.35`. */
  name: string;
  /** Where the mesh said that its manifest is. */
  manifest: InputResult | undefined;
}

/** Puts the files of a result or a checkpoint that has many into a folder. Never rejects. */
export type FetchParts = (
  wanted: Wanted,
  folder: string,
  signal: AbortSignal,
) => Promise<FetchedParts | Failed | Cancelled>;

const AT_ONCE = 4;
const LIST_MS = 60_000;

/** Lists the files, page by page. */
async function* listParts(
  { blobName, grant }: { blobName: string; grant: Buffer },
  { blobs, clock, random, onRetry }: SceneOptions,
  signal: AbortSignal,
): AsyncGenerator<StoredPart[]> {
  const patience = { clock, random, signal, forMs: PATIENCE_MS, helps: canHelp, onRetry };
  let pageToken = '';
  do {
    const request = { blobName, grant, pageSize: 1_000, pageToken };
    const list = (): Promise<ListPartsResponse> =>
      blobs.listParts(request, { signal, deadlineMs: LIST_MS });
    const page = await patiently(list, patience);
    yield page.parts;
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
}

/** Gets files from the cache or from blob, and puts them where they belong, unless the same bytes are there. */
const fetchAll = async (
  parts: readonly StoredPart[],
  placing: Placing,
  options: SceneOptions,
  signal: AbortSignal,
): Promise<string[]> => {
  const failure = new AbortController();
  const stop = AbortSignal.any([signal, failure.signal]);
  const paths: string[] = [];
  const place = async (file: PartFile, part: StoredPart): Promise<void> => {
    stop.throwIfAborted();
    paths.push(file.path);
    await placePart(placing, file, async () => {
      const { blobName, grant } = part;
      return getScene({ ...file, blobName, grant, fileName: '' }, options, stop);
    });
  };
  await inParallel(AT_ONCE, parts, async (part) => {
    if (part.file !== undefined) {
      await place(part.file, part).catch((thrown: unknown) => failure.abort(thrown));
    }
  });
  stop.throwIfAborted();
  return paths;
};

/** Gets the files from the cache or from blob. */
export const fetchParts =
  (options: SceneOptions): FetchParts =>
  async ({ task, name, manifest }, folder, signal) => {
    if (manifest === undefined) {
      return failed('AGENT_ERROR', `the mesh did not say where ${name} is`);
    }
    try {
      const paths: string[] = [];
      const placing = { folder, folders: new Set<string>(), random: options.random };
      for await (const page of listParts(manifest, options, signal)) {
        paths.push(...(await fetchAll(page, placing, options, signal)));
      }
      return { kind: 'fetched', paths };
    } catch (thrown) {
      if (signal.aborted) {
        return CANCELLED;
      }
      const error = fromServiceError(thrown);
      const text = `${name} could not be fetched: ${statusName(error.code)} ${error.reason}: ${error.message}`;
      return failed(isLost(error) ? 'INPUT_LOST' : 'AGENT_ERROR', text, { names: [task] });
    }
  };
