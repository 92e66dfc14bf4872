import { createHash } from 'node:crypto';

/**
 * Every name there is. Each part is an id that the mesh made or a number, so no name can leave its folder, differ only
 * in spelling, or belong to two owners.
 */
export type BlobName =
  /** What a customer hands in: `uploads/<owner>/<id>`. */
  | { kind: 'upload'; owner: string; id: string }
  /** What an attempt produced: `results/<workload>/<task>/<generation>-<attempt>.<extension>`. */
  | ({ kind: 'result'; extension: string } & AttemptPath)
  /** Why an attempt failed: `logs/<workload>/<task>/<generation>-<attempt>.log`. */
  | ({ kind: 'log' } & AttemptPath);

export interface AttemptPath {
  workload: string;
  /** `<node>/<index>`. */
  task: string;
  generation: number;
  /** `<reign>-<counter>`. */
  attempt: string;
}

/** Bounds work on names that callers send; the longest legal one has about 150 characters. */
const maximumNameLength = 256;

const id = '[a-z0-9-]{1,40}';
const taskKey = `${id}/(?:0|-?[1-9]\\d{0,9})`;
const attemptId = '\\d{1,10}-\\d{1,15}';
const fileExtension = '[a-z0-9]{1,5}';

const whole = (pattern: string): RegExp => new RegExp(`^${pattern}$`);
const patterns = {
  id: whole(id),
  task: whole(taskKey),
  attempt: whole(attemptId),
  extension: whole(fileExtension),
  prefix: whole('(?:[a-z0-9-][a-z0-9./-]*)?'),
  upload: whole(`uploads/(?<owner>${id})/(?<id>${id})`),
  made: whole(
    `(?<folder>results|logs)/(?<workload>${id})/(?<task>${taskKey})/(?<generation>\\d{1,10})-(?<attempt>${attemptId})\\.(?<extension>${fileExtension})`,
  ),
};

export const isId = (text: string): boolean => patterns.id.test(text);
export const isTask = (text: string): boolean => patterns.task.test(text);
export const isAttempt = (text: string): boolean => patterns.attempt.test(text);
export const isExtension = (text: string): boolean => patterns.extension.test(text);

/** Whether a text can be shown as the name of a file. It never becomes part of a path. */
export const isFileName = (text: string): boolean =>
  text.length >= 1 && text.length <= 255 && !/[/\\\p{Cc}]/u.test(text);

/** Whether names can begin so. Empty: all do. */
export const isPrefix = (text: string): boolean =>
  text.length <= maximumNameLength && patterns.prefix.test(text) && !text.includes('..') && !text.includes('//');

/**
 * The folder of a customer's uploads. Customer ids are callers' strings of any form, so a hash stands in for them:
 * always, as a folder that is sometimes the id itself could be the hash of somebody else's.
 */
export const ownerFolder = (customerId: string): string =>
  `c${createHash('sha256').update(`muster customer\n${customerId}`).digest('hex').slice(0, 32)}`;

export const formatName = (name: BlobName): string => {
  switch (name.kind) {
    case 'upload':
      return `uploads/${name.owner}/${name.id}`;
    case 'result':
      return `results/${attemptPart(name)}.${name.extension}`;
    case 'log':
      return `logs/${attemptPart(name)}.log`;
    default:
      return name satisfies never;
  }
};

const attemptPart = ({ workload, task, generation, attempt }: AttemptPath): string =>
  `${workload}/${task}/${generation}-${attempt}`;

/** Reads a name that a caller sent; undefined if no blob can have it. `formatName` gives the same text back. */
export const parseName = (text: string): BlobName | undefined => {
  if (text.length > maximumNameLength) return undefined;
  const upload = patterns.upload.exec(text)?.groups;
  if (upload !== undefined) return { kind: 'upload', owner: upload['owner'] ?? '', id: upload['id'] ?? '' };
  const made = patterns.made.exec(text)?.groups;
  if (made === undefined) return undefined;
  const path = {
    workload: made['workload'] ?? '',
    task: made['task'] ?? '',
    generation: Number(made['generation']),
    attempt: made['attempt'] ?? '',
  };
  const extension = made['extension'] ?? '';
  const name: BlobName = made['folder'] === 'logs' ? { kind: 'log', ...path } : { kind: 'result', ...path, extension };
  return formatName(name) === text ? name : undefined;
};
