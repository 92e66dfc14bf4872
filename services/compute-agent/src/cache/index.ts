export type { Fetch, SceneId } from './download.ts';
export { type Borrowed, openSceneCache, type SceneCache } from './scene-cache.ts';
