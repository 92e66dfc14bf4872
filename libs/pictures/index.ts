/**
 * Pictures that strangers made: whether a file is the expected one, and the hash of its pixels. A confined program decodes them;
 * nothing outside it parses more than the first bytes.
 */
export {
  createDecoder,
  type Checked,
  type DecoderContext,
  type PictureDecoder,
} from './decoder.ts';
export { EXTENSIONS, type Extension, isExtension } from './formats.ts';
export type { PictureVerdict } from './inspect.ts';
export { BadPicture, type Size } from './pixels.ts';
export { pictureSize } from './size.ts';
export { checkPicture, verifyPicture } from './verify.ts';
