/** How many further files a result may have. */
export const MAX_FURTHER_FILES = 64;
export const MAX_ENDING_CHARS = 160;

const ENDING = /^(?!.*\.\.)[._][\p{L}\p{N}._-]+$/u;

/**
 * Whether text may follow the task's own part in the name of a result's file: `_R.png`, `.Passes-Image.exr`. Customers keep files
 * under such names, so none may lead elsewhere or steer a terminal.
 */
export const isFileEnding = (text: string): boolean =>
  text.length <= MAX_ENDING_CHARS && ENDING.test(text);
