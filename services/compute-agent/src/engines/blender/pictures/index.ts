export { isUniform, pixelHash, type Pixels } from './pixels.ts';
export { type PictureFormat, type PictureVerdict, verifyPicture } from './verify.ts';
