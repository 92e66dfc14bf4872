export { readBlendFile, type BlendFile } from './file.ts';
export type { FileUse, PathForm, SequenceRead } from './file-uses.ts';
export type { Unbaked } from './physics.ts';
export { openSource, type BlendSource } from './source.ts';
export { idsOf, lostNames, rootsOf, trace, type Trace } from './trace.ts';
export { resolutionOf } from './resolution.ts';
export { scenesOf, type Scenes, type SceneSettings } from './scenes.ts';
export { chooseScene, HEAD_BYTES, readBlendHead } from './head.ts';
export { rawText } from './raw-text.ts';
