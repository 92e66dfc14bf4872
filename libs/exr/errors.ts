/** A file is no OpenEXR file that Blender writes, or it is damaged. The message says why, for people. */
export class BadExr extends Error {
  override readonly name = 'BadExr';
}
