export { BadExr } from './errors.ts';
export { withExrFile, type ExrFile } from './file.ts';
export { checkChunks, layersHash, shownLayer } from './layers.ts';
