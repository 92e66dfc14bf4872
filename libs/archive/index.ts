/** Unpacks what strangers packed: `unpackConfined` in a service, `unpack` where the archive is one's own or cannot grow. */
export { type Bounds, MAX_RATIO } from './bounds.ts';
export { unpackConfined } from './confined.ts';
export { unpack } from './unpack.ts';
