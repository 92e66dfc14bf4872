import { ATTEMPT_ID, ID } from './ids.ts';
import { TASK_KEY } from './task-key.ts';

/**
 * The name of a blob. Each part is an id that the mesh made or a number, so no name can leave its folder, differ only
 * in spelling, or belong to two owners.
 */
export type BlobName =
  /** What a customer hands in: `uploads/<owner>/<id>`. */
  | { kind: 'upload'; owner: string; id: string }
  /**
   * What an attempt produced: `results/<workload>/<task>/<generation>-<attempt>-<tag>.<extension>`, and with a part from 1 on, its
   * further files: `….<part>.<extension>`.
   */
  | ({ kind: 'result'; extension: string; part?: number } & AttemptPath)
  /** What its engine printed: `logs/<workload>/<task>/<generation>-<attempt>-<tag>.log`. */
  | ({ kind: 'log' } & AttemptPath)
  /** Its picture in small: `previews/<workload>/<task>/<generation>-<attempt>-<tag>.jpg`. */
  | ({ kind: 'preview' } & AttemptPath)
  /** A file of a result or a checkpoint that has many: `parts/<workload>/<sha256>`. Who needs the same bytes shares it. */
  | { kind: 'part'; workload: string; sha256: string }
  /** The manifest of a checkpoint: `checkpoints/<workload>/<task>/<generation>-<attempt>-<tag>.<number>.parts`. */
  | ({ kind: 'checkpoint'; number: number } & AttemptPath);

export interface AttemptPath {
  workload: string;
  /** A task key. */
  task: string;
  generation: number;
  /** An attempt id. */
  attempt: string;
  /** 24 hexadecimal digits that only the mesh can compute, so that nobody guesses the name. Names of earlier versions have none. */
  tag?: string;
}

/** Bounds the work on names that callers send. The longest valid name has about 180 characters. */
export const MAX_BLOB_NAME_CHARS = 256;

const EXTENSION = '[a-z0-9]{1,5}';
const extensions = new RegExp(`^${EXTENSION}$`);
const upload = new RegExp(`^uploads/(?<owner>${ID})/(?<id>${ID})$`);
const part = new RegExp(`^parts/(?<workload>${ID})/(?<sha256>[0-9a-f]{64})$`);
const made = new RegExp(
  `^(?<folder>results|logs|previews|checkpoints)/(?<workload>${ID})/(?<task>${TASK_KEY})/(?<generation>\\d{1,10})-(?<attempt>${ATTEMPT_ID})(?:-(?<tag>[0-9a-f]{24}))?(?:\\.(?<number>[1-9]\\d{0,5}))?\\.(?<extension>${EXTENSION})$`,
);

/** Whether a result may have this extension, without its dot. */
export const isExtension = (text: string): boolean => extensions.test(text);

/** The highest part in a name of a result. Attempts have no more than `MAX_FURTHER_FILES`. */
const MAX_PART = 999;

/** The highest number of a checkpoint of an attempt. */
export const MAX_CHECKPOINT = 999_999;

/** The extension of manifests: of a result that has many files, and of a checkpoint. */
export const MANIFEST_EXTENSION = 'parts';

/** A name that says whose attempt stored the blob. */
export type AttemptBlobName = Extract<BlobName, AttemptPath>;

export const isOfAttempt = (name: BlobName): name is AttemptBlobName => 'attempt' in name;

/** The name of what has many files: its blob is a manifest. */
export type ManifestName = Extract<BlobName, { kind: 'result' | 'checkpoint' }>;

export const isManifest = (name: BlobName): name is ManifestName =>
  name.kind === 'checkpoint' ||
  (name.kind === 'result' && name.extension === MANIFEST_EXTENSION && name.part === undefined);

export const formatBlobName = (name: BlobName): string => {
  switch (name.kind) {
    case 'upload':
      return `uploads/${name.owner}/${name.id}`;
    case 'result':
      return `results/${attemptPart(name)}${name.part ? `.${name.part}` : ''}.${name.extension}`;
    case 'log':
      return `logs/${attemptPart(name)}.log`;
    case 'preview':
      return `previews/${attemptPart(name)}.jpg`;
    case 'part':
      return `parts/${name.workload}/${name.sha256}`;
    case 'checkpoint':
      return `checkpoints/${attemptPart(name)}.${name.number}.${MANIFEST_EXTENSION}`;
    default:
      return name satisfies never;
  }
};

const attemptPart = ({ workload, task, generation, attempt, tag }: AttemptPath): string =>
  `${workload}/${task}/${generation}-${attempt}${tag === undefined ? '' : `-${tag}`}`;

/** Reads a name that a caller sent; undefined if no blob can have it. {@link formatBlobName} gives the same text back. */
export const parseBlobName = (text: string): BlobName | undefined => {
  if (text.length > MAX_BLOB_NAME_CHARS) {
    return undefined;
  }
  const handedIn = upload.exec(text)?.groups;
  if (handedIn !== undefined) {
    return { kind: 'upload', owner: handedIn['owner'] ?? '', id: handedIn['id'] ?? '' };
  }
  const shared = part.exec(text)?.groups;
  if (shared !== undefined) {
    return { kind: 'part', workload: shared['workload'] ?? '', sha256: shared['sha256'] ?? '' };
  }
  const parts = made.exec(text)?.groups;
  if (parts === undefined) {
    return undefined;
  }
  const path = {
    workload: parts['workload'] ?? '',
    task: parts['task'] ?? '',
    generation: Number(parts['generation']),
    attempt: parts['attempt'] ?? '',
    ...(parts['tag'] !== undefined && { tag: parts['tag'] }),
  };
  const { folder, number = '0', extension: ending = '' } = parts;
  const name = madeName(folder, path, ending, Number(number));
  const isBound = name.kind !== 'result' || (name.part ?? 0) <= MAX_PART;
  return isBound && formatBlobName(name) === text ? name : undefined;
};

/** What a text says that has the form of a name; only if that is spelled as the text is, it is one. */
const madeName = (
  folder: string | undefined,
  path: AttemptPath,
  extension: string,
  number: number,
): BlobName => {
  if (folder === 'logs') {
    return { kind: 'log', ...path };
  }
  if (folder === 'previews') {
    return { kind: 'preview', ...path };
  }
  return folder === 'checkpoints'
    ? { kind: 'checkpoint', ...path, number }
    : { kind: 'result', ...path, extension, ...(number > 0 && { part: number }) };
};
