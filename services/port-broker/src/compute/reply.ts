import { inSlices } from '#libs/async/index.ts';
import { readObject } from './json-text.ts';

export interface Reply {
  /** The answer as standard JSON. */
  text: string;
  isSuccess: boolean;
  /** The error that the worker states; empty: none. */
  error: string;
}

const MAX_ERROR_CHARS = 1_000;
/** Most bytes of an answer to `ping`, which is read in one go. */
const MAX_READY_BYTES = 65_536;
/** Python writes integers of at most 4,300 digits. */
const RULES = { maxDepth: 1_000, maxNumberChars: 5_000, takesNaN: true };

/** Reads a worker's answer; NaN and Infinity, which Python writes and JSON does not have, become null. Rejects with SyntaxError. */
export const parseReply = async (bytes: Buffer): Promise<Reply> => {
  const said = bytes.toString('utf8');
  const { text, values } = await inSlices(readObject(said, ['success', 'error'], RULES));
  const success = values.get('success')?.at(-1);
  const error = values.get('error')?.at(-1) ?? 'null';
  const why = error === 'null' ? '' : error.startsWith('"') ? String(JSON.parse(error)) : error;
  return { text, isSuccess: success !== 'false', error: why.slice(0, MAX_ERROR_CHARS) };
};

/** Whether an answer to `ping` says that the worker can take commands. */
export const isReady = (bytes: Buffer): boolean => {
  if (bytes.length > MAX_READY_BYTES) {
    return false;
  }
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    const { status, result } = value as { status?: unknown; result?: { status?: unknown } | null };
    return status === 'ready' || result?.status === 'ready';
  } catch {
    return false;
  }
};
