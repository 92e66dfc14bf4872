import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { inParallel } from '#libs/async/index.ts';
import { BlobServiceService, type StoredPart } from '#libs/contracts/blob.ts';
import type { Result } from '#libs/contracts/session.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import { isProjectPath } from '#libs/mesh/index.ts';
import type { Cli } from '../cli.ts';
import type { Mesh } from '../mesh.ts';
import { downloadResult } from './download.ts';
import { compareWith } from './found-at.ts';

interface TreeOptions {
  cli: Pick<Cli, 'interrupt'>;
  mesh: Mesh;
  /** Runs a call until it works, or patience is over. */
  persist: <T>(call: () => Promise<T>) => Promise<T>;
  /** Which of the files of a result are to be fetched, by their paths; default: all. */
  choose?: ((paths: readonly string[]) => ReadonlySet<string>) | undefined;
}

/** The ending of results that have many files. */
const MANIFEST_ENDING = '.parts';

/** Whether a result is a tree of files. */
export const isTree = ({ blobName }: Pick<Result, 'blobName'>): boolean =>
  blobName.endsWith(MANIFEST_ENDING);

const MAX_DOWNLOADS = 4;
const PAGE_SIZE = 1_000;

/** Fetches files of a result below a folder, each whole or not at all. Those that are right already stay. Answers their paths. */
export const fetchTree = async (
  { cli, mesh, persist, choose }: TreeOptions,
  { blobName, grant, task }: Pick<Result, 'blobName' | 'grant' | 'task'>,
  folder: string,
): Promise<string[]> => {
  const { listParts } = mesh.client(BlobServiceService, 'customer');
  const { interrupt: signal } = cli;
  const fetched: string[] = [];
  const fetchPart = async ({ file, blobName: name, grant: own }: StoredPart): Promise<void> => {
    const { path = '', sha256 = '', sizeBytes = 0 } = file ?? {};
    if (!isProjectPath(path)) {
      throw new DomainError(
        status.DATA_LOSS,
        'RESULT_DAMAGED',
        `${task} has a file that belongs nowhere`,
        { task },
      );
    }
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    fetched.push(target);
    if (name === '') {
      await writeFile(target, '');
    } else if ((await compareWith(target, { sha256, sizeBytes })) !== 'same') {
      await downloadResult(
        cli,
        mesh,
        { task, blobName: name, grant: own, sha256, sizeBytes },
        target,
        persist,
      );
    }
  };
  const parts: StoredPart[] = [];
  let pageToken = '';
  do {
    const page = await persist(() =>
      listParts({ blobName, grant, pageSize: PAGE_SIZE, pageToken }, { signal }),
    );
    parts.push(...page.parts);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  const chosen = choose?.(parts.map(({ file }) => file?.path ?? ''));
  const wanted = parts.filter(({ file }) => chosen?.has(file?.path ?? '') ?? true);
  await inParallel(MAX_DOWNLOADS, wanted, fetchPart);
  return fetched;
};
