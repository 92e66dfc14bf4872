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
  | ({ kind: 'preview' } & AttemptPath);

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
const extension = new RegExp(`^${EXTENSION}$`);
const upload = new RegExp(`^uploads/(?<owner>${ID})/(?<id>${ID})$`);
const made = new RegExp(
  `^(?<folder>results|logs|previews)/(?<workload>${ID})/(?<task>${TASK_KEY})/(?<generation>\\d{1,10})-(?<attempt>${ATTEMPT_ID})(?:-(?<tag>[0-9a-f]{24}))?(?:\\.(?<part>[1-9]\\d{0,2}))?\\.(?<extension>${EXTENSION})$`,
);

/** Whether a result may have this extension, without its dot. */
export const isExtension = (text: string): boolean => extension.test(text);

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
  const { folder, part, extension: ending = '' } = parts;
  const name = madeName(folder, path, ending, part);
  return formatBlobName(name) === text ? name : undefined;
};

const madeName = (
  folder: string | undefined,
  path: AttemptPath,
  ending: string,
  part: string | undefined,
): BlobName => {
  if (folder === 'logs') {
    return { kind: 'log', ...path };
  }
  return folder === 'previews'
    ? { kind: 'preview', ...path }
    : {
        kind: 'result',
        ...path,
        extension: ending,
        ...(part !== undefined && { part: Number(part) }),
      };
};
