/** A file that is not the picture it should be. The message says why, for people. */
export class BadPicture extends Error {
  override readonly name = 'BadPicture';
}
