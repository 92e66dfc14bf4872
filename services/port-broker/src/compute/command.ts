import { depthOf } from './json-text.ts';

/** A command that has been checked, so a compute worker may get it. */
export interface Command {
  name: string;
  /** The whole command as JSON. */
  text: string;
}

// Not in TypeScript's library yet. Source: the JSON.parse source text access proposal of TC39.
declare global {
  interface JSON {
    rawJSON(text: string): object;
    isRawJSON(value: unknown): boolean;
  }
}

const MAX_BYTES = 8 * 1024 ** 2;
const MAX_DEPTH = 100;
/** The longest number, in characters. Python raises an error for integers of more than 4,300 digits, which ends the worker. */
const MAX_NUMBER_CHARS = 400;

/**
 * Reads what a caller wants a worker to do. Many malformed commands end a worker of this protocol, so this reads them and
 * writes them anew. Throws SyntaxError that says what is wrong.
 */
export const parseCommand = (text: string, known: readonly string[]): Command => {
  if (Buffer.byteLength(text) > MAX_BYTES) {
    throw new SyntaxError('it is over 8 MiB');
  }
  if (depthOf(text) > MAX_DEPTH) {
    throw new SyntaxError(`it is nested over ${MAX_DEPTH} deep`);
  }
  const value = read(text);
  if (
    typeof value !== 'object' ||
    value === null ||
    Array.isArray(value) ||
    JSON.isRawJSON(value)
  ) {
    throw new SyntaxError('it is no JSON object; send {"command": NAME, …arguments}');
  }
  const { command: name } = value as { command?: unknown };
  const names = known.join(', ');
  if (typeof name !== 'string') {
    throw new SyntaxError(`it names no command in "command"; there are ${names}`);
  }
  if (!known.includes(name)) {
    throw new SyntaxError(
      `there is no command ${JSON.stringify(name.slice(0, 60))}; there are ${names}`,
    );
  }
  if (name === 'ping' && Object.keys(value).length > 1) {
    throw new SyntaxError('ping takes no arguments');
  }
  return { name, text: JSON.stringify(value) };
};

/** Numbers stay as they were written, because Python's integers have more digits than JavaScript's. */
const read = (text: string): unknown => {
  const reviver = (_key: string, value: unknown, { source }: { source?: string }): unknown => {
    if (typeof value !== 'number' || source === undefined) {
      return value;
    }
    if (source.length > MAX_NUMBER_CHARS) {
      throw new SyntaxError(`it has a number of more than ${MAX_NUMBER_CHARS} characters`);
    }
    return JSON.rawJSON(source);
  };
  try {
    return JSON.parse(text, reviver as (key: string, value: unknown) => unknown);
  } catch (thrown) {
    const { message } = thrown as Error;
    if (message.startsWith('it has')) {
      throw thrown;
    }
    throw new SyntaxError(
      `it is no JSON (${message.slice(0, 120)}); send {"command": NAME, …arguments}`,
      {
        cause: thrown,
      },
    );
  }
};
