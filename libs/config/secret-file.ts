import { readFileSync } from 'node:fs';

/** Reads a secret from the file that a variable `X_FILE` names; without the newline that editors add. */
export const readSecretFile = (path: string): { value: string } | { problem: string } => {
  try {
    const value = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    return value === '' ? { problem: `names an empty file, ${path}` } : { value };
  } catch (thrown) {
    return {
      problem: `names a file that cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
    };
  }
};
