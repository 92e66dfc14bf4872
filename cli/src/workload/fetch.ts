import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Result, ResultFile, Workload } from '#libs/contracts/session.ts';
import { inParallel, poll } from '#libs/async/index.ts';
import { DomainError, isDomainError, status } from '#libs/errors/index.ts';
import type { Cli } from '../cli.ts';
import { writeFailure } from '../failures.ts';
import { persistently, type PatienceOptions } from '../patience.ts';
import type { Mesh } from '../mesh.ts';
import { workloadsOf } from './client.ts';
import { hasEnded } from './describe.ts';
import { downloadResult } from './download.ts';
import { fetchTree, isTree } from './fetch-tree.ts';
import { resultFileName, treeFolderName } from './file-names.ts';
import { compareWith } from './found-at.ts';
import { createPartCleaner } from './parts.ts';

/** A result that is on disk now. */
export interface Fetched {
  result: Result;
  path: string;
  /** Its further files, for example of the other eye. */
  further: string[];
}

interface FetchOptions {
  cli: Pick<Cli, 'clock' | 'interrupt'>;
  mesh: Mesh;
  workload: Workload;
  directory: string;
  patience: PatienceOptions;
  /** Whether a result is to be fetched; all are without it. */
  isWanted?: (result: Result) => boolean;
  /** Which files of a result that has many are fetched; all are without it. */
  choose?: ((paths: readonly string[]) => ReadonlySet<string>) | undefined;
  onFetched(fetched: Fetched): void;
  /** Called before a file that an earlier command left, with other bytes, is replaced. */
  onReplace?: (path: string) => void;
  /** Called with a result whose bytes the mesh has lost. Without it, the first one ends the fetching. */
  onLost?(result: Result): void;
}

/** Brings accepted results to disk while others are still being made. */
export interface Fetcher {
  /** Fetches whatever was verified since the last time. Calls follow one another, they never overlap. */
  catchUp(): Promise<void>;
  /** Fetches until there are as many as the ended workload completed. DATA_LOSS `RESULTS_MISSING` if they do not come. */
  finish(ended: Pick<Workload, 'workloadId' | 'completed'>): Promise<void>;
  /** What is on disk, by task; of one done anew the latest. */
  readonly fetched: ReadonlyMap<string, Fetched>;
  /** Files of earlier commands, with other bytes, that were replaced. */
  readonly replaced: ReadonlySet<string>;
  /** Files of earlier commands that were right, and stay. */
  readonly there: ReadonlySet<string>;
}

/** Several at once, because small files spend most of their time on round trips. */
const MAX_DOWNLOADS = 4;
const PAGE_SIZE = 200;
/** The replica that lists may be a little behind the one that told the end. */
const LAG_MS = 10_000;

export const createFetcher = (options: FetchOptions): Fetcher => {
  const { cli, mesh, workload, directory, patience } = options;
  const { workloadId } = workload;
  const isWanted = options.isWanted ?? (() => true);
  const fetched = new Map<string, Fetched>();
  const replaced = new Set<string>();
  const right = new Set<string>();
  /** Files that this command brought or found right. */
  const own = new Set<string>();
  const cleanParts = createPartCleaner();
  let afterRevision = 0;
  /** What nobody has looked at may be a lie. Where the work has ended, nobody will look any more. */
  let takesUnverified = hasEnded(workload);

  const fetchFile = async (path: string, file: Result | ResultFile, task: string) => {
    try {
      const there = await compareWith(path, file);
      await cleanParts(path, there === 'same' ? undefined : file.sha256);
      if (there === 'other' && !own.has(path)) {
        options.onReplace?.(path);
        replaced.add(path);
      }
      if (there === 'same' && !own.has(path)) {
        right.add(path);
      }
      if (there !== 'same') {
        await mkdir(dirname(path), { recursive: true });
        await downloadResult(cli, mesh, { ...file, task }, path, (call) =>
          persistently(patience, call),
        );
      }
      own.add(path);
    } catch (error) {
      const again = `fetch what is missing: muster results ${workloadId} --out ${directory}`;
      throw writeFailure(path, error, again);
    }
  };

  const fetchOne = async (result: Result): Promise<void> => {
    const { task, frame } = result;
    const paths: string[] = [];
    try {
      if (isTree(result)) {
        const folder = join(directory, treeFolderName(workload, result));
        const persist = <T>(call: () => Promise<T>): Promise<T> => persistently(patience, call);
        const { choose } = options;
        paths.push(folder, ...(await fetchTree({ cli, mesh, persist, choose }, result, folder)));
        return tell(result, paths);
      }
      for (const file of [result, ...result.files]) {
        const name = resultFileName(workload, { task, frame, ending: file.ending });
        const path = join(directory, name);
        paths.push(path);
        if (file.blobName !== '') {
          await fetchFile(path, file, task);
        }
      }
    } catch (error) {
      if (options.onLost === undefined || !isLost(error)) {
        throw error;
      }
      options.onLost(result);
      return;
    }
    tell(result, paths);
  };

  const tell = (result: Result, [path = '', ...further]: readonly string[]): void => {
    const one = { result, path, further };
    fetched.set(result.task, one);
    options.onFetched(one);
  };

  /** Only what waits for others that are not verified is listed twice. */
  const isNew = ({ task, attempt }: Result): boolean =>
    fetched.get(task)?.result.attempt !== attempt;

  const catchUp = async (): Promise<void> => {
    let pageToken = '';
    /** The first result that is listed again the next time. */
    let waiting = Infinity;
    do {
      const request = { workloadId, customerId: '', afterRevision, pageSize: PAGE_SIZE, pageToken };
      const page = await persistently(patience, () =>
        workloadsOf(mesh).listResults(request, { signal: cli.interrupt }),
      );
      const wanted = latestPerTask(page.results.filter(isWanted));
      const ready = wanted.filter((each) => takesUnverified || each.verified);
      await inParallel(MAX_DOWNLOADS, ready.filter(isNew), fetchOne);
      waiting = Math.min(
        waiting,
        ...wanted.flatMap((each) => (ready.includes(each) ? [] : [each.position])),
      );
      pageToken = page.nextPageToken;
      // A replica that lags behind answers an older position, which must not cause a second download.
      if (pageToken === '') {
        afterRevision = Math.max(afterRevision, Math.min(page.revision, waiting - 1));
      }
    } while (pageToken !== '');
  };

  let last = Promise.resolve();
  const serially = (): Promise<void> => (last = last.then(catchUp));
  return {
    fetched,
    replaced,
    there: right,
    catchUp: serially,
    async finish({ workloadId: id, completed }) {
      takesUnverified = true;
      const isComplete = async () => {
        await serially();
        return fetched.size >= completed;
      };
      const { clock, interrupt: signal } = cli;
      if (!(await poll(isComplete, { clock, everyMs: LAG_MS / 20, withinMs: LAG_MS, signal }))) {
        throw new DomainError(
          status.DATA_LOSS,
          'RESULTS_MISSING',
          `workload ${id} completed ${completed} tasks, but only ${fetched.size} results are listed`,
          { workload: id, listed: fetched.size, completed },
        );
      }
    },
  };
};

/** The mesh has no such blob, or other bytes than it accepted. */
const isLost = (error: unknown): boolean =>
  isDomainError(error) && (error.code === status.NOT_FOUND || error.code === status.DATA_LOSS);

/** The latest result of each task, because two on one page would race for the file's name. */
const latestPerTask = (results: readonly Result[]): Result[] => [
  ...new Map(results.map((result) => [result.task, result])).values(),
];
