import { depthOf, withoutNaN } from './json-text.ts';

export interface Reply {
  /** The answer as standard JSON. */
  text: string;
  isSuccess: boolean;
  /** The error that the worker states; empty: none. */
  error: string;
}

const MAX_ERROR_CHARS = 1_000;
/** Deeper replies could end the broker's stack where they are written again. */
const MAX_DEPTH = 1_000;

/** Reads a worker's answer; NaN and Infinity, which Python writes and JSON does not have, become null. Throws SyntaxError. */
export const parseReply = (bytes: Buffer): Reply => {
  const said = bytes.toString('utf8');
  const { value, text } = read(said);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SyntaxError('it is no JSON object');
  }
  const { success, error } = value as { success?: unknown; error?: unknown };
  const why =
    error === undefined || error === null
      ? ''
      : typeof error === 'string'
        ? error
        : JSON.stringify(error);
  return { text, isSuccess: success !== false, error: why.slice(0, MAX_ERROR_CHARS) };
};

/** Whether an answer to `ping` says that the worker can take commands. */
export const isReady = (bytes: Buffer): boolean => {
  try {
    const { value } = read(bytes.toString('utf8'));
    const { status, result } = value as { status?: unknown; result?: { status?: unknown } | null };
    return status === 'ready' || result?.status === 'ready';
  } catch {
    return false;
  }
};

const read = (said: string): { value: unknown; text: string } => {
  if (depthOf(said) > MAX_DEPTH) {
    throw new SyntaxError(`it is nested over ${MAX_DEPTH} deep`);
  }
  try {
    return { value: JSON.parse(said) as unknown, text: said };
  } catch {
    const text = withoutNaN(said);
    return { value: JSON.parse(text) as unknown, text };
  }
};
