import { readFileSync } from 'node:fs';

let image: Uint8Array | undefined;

/**
 * The bytes of a google.protobuf.FileDescriptorSet with every file of proto/ and everything they import, comments
 * and custom options included. Reflection, the access table and the command line's generic calls read it.
 *
 * Read from disk at the first call, the same array afterwards.
 */
export const descriptorImage = (): Uint8Array =>
  (image ??= readFileSync(new URL('./gen/image.binpb', import.meta.url)));
