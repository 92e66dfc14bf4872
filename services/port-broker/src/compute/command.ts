import { inSlices } from '#libs/async/index.ts';
import { readObject } from './json-text.ts';

/** A command that has been checked, so a compute worker may get it. */
export interface Command {
  name: string;
  /** The whole command as JSON. */
  text: string;
}

const MAX_BYTES = 8 * 1024 ** 2;
const RULES = {
  maxDepth: 100,
  /** Python raises an error for integers of more than 4,300 digits, which ends the worker. */
  maxNumberChars: 400,
  takesNaN: false,
};

/**
 * Reads what a caller wants a worker to do, because many malformed commands end a worker of this protocol. The worker gets it as it was
 * written. Rejects with SyntaxError that says what is wrong.
 */
export const parseCommand = async (text: string, known: readonly string[]): Promise<Command> => {
  if (Buffer.byteLength(text) > MAX_BYTES) {
    throw new SyntaxError('it is over 8 MiB');
  }
  const { values, others } = await inSlices(readObject(text, ['command'], RULES));
  const [value, again] = values.get('command') ?? [];
  const names = known.join(', ');
  // A worker might obey the first of two.
  if (again !== undefined) {
    throw new SyntaxError('it has "command" twice');
  }
  if (value === undefined || !value.startsWith('"')) {
    throw new SyntaxError(
      `it names no command in "command"; send {"command": NAME, …arguments}; there are ${names}`,
    );
  }
  const name = JSON.parse(value) as string;
  if (!known.includes(name)) {
    throw new SyntaxError(
      `there is no command ${JSON.stringify(name.slice(0, 60))}; there are ${names}`,
    );
  }
  if (name === 'ping' && others > 0) {
    throw new SyntaxError('ping takes no arguments');
  }
  return { name, text };
};
