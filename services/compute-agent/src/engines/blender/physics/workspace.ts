import { chmod, copyFile, lstat, mkdir, readdir, symlink } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { makeWorkDir, type Sandbox } from '#libs/sandbox/index.ts';
import type { RenderJob } from '../job.ts';
import { unpack } from './archive.ts';

/** The renderer for which a scene is laid out. */
interface LayOutFor {
  sandbox: Sandbox;
  /** A host path as Blender sees it. */
  at: (path: string) => string;
}

/** Makes a folder, to which Blender may write, with a scene in it. Returns the path of the .blend. */
export type LayOut = (folder: string, whom: LayOutFor) => Promise<string>;

type SceneFile = Pick<RenderJob, 'sceneFile' | 'fileName' | 'project'>;

const BLEND = '.blend';
const MAX_STEM_BYTES = 200;

/** The name under which a scene lies in a folder of its own. Blender names the folder of its caches after it. */
export const blendName = (fileName: string): string => {
  const last = basename(fileName.replaceAll(/[\p{Cc}\\]/gu, '_'));
  const stem = last.endsWith(BLEND) ? last.slice(0, -BLEND.length) : last;
  const isPlain = !stem.startsWith('.') && Buffer.byteLength(stem) <= MAX_STEM_BYTES;
  return `${stem !== '' && isPlain ? stem : 'scene'}${BLEND}`;
};

/** Links everything in a folder but some names. */
const linkAll = async (
  from: string,
  into: string,
  but: readonly string[],
  { at }: LayOutFor,
): Promise<void> => {
  for (const name of await readdir(from).catch(() => [])) {
    if (!but.includes(name)) {
      await symlink(at(join(from, name)), join(into, name));
    }
  }
};

/**
 * Makes the folder of a scene without its .blend. Of a project, the folders on the way to it and that of its caches are made
 * anew, and everything else is a link, so that relative paths lead where they did. Returns where the .blend belongs.
 */
const makeSceneFolder = async (
  folder: string,
  { sceneFile, fileName, project }: SceneFile,
  whom: LayOutFor,
): Promise<string> => {
  await makeWorkDir(whom.sandbox, folder);
  if (project === undefined) {
    return join(folder, blendName(fileName ?? sceneFile));
  }
  const way = relative(project.folder, dirname(sceneFile)).split(sep).filter(Boolean);
  let [from, into] = [project.folder, folder];
  for (const step of way) {
    await linkAll(from, into, [step], whom);
    [from, into] = [join(from, step), join(into, step)];
    await mkdir(into, { mode: 0o755 });
  }
  const name = basename(sceneFile);
  const caches = `blendcache_${name.slice(0, -BLEND.length)}`;
  if (way.length > 0) {
    await makeWorkDir(whom.sandbox, into);
  }
  await linkAll(from, into, [name, caches], whom);
  await makeWorkDir(whom.sandbox, join(into, caches));
  await linkAll(join(from, caches), join(into, caches), [], whom);
  return join(into, name);
};

/** The scene as it is. */
export const copyOf =
  (scene: SceneFile): LayOut =>
  async (folder, whom) => {
    const file = await makeSceneFolder(folder, scene, whom);
    await copyFile(scene.sceneFile, file);
    // Blender, which is another user, may write it anew.
    await chmod(file, 0o666);
    return file;
  };

/** The scene with what was baked, from an archive. Throws if the archive holds none. */
export const bakedFrom =
  (archive: string, scene: SceneFile): LayOut =>
  async (folder, whom) => {
    const file = await makeSceneFolder(folder, scene, whom);
    await unpack(archive, dirname(file));
    const found = await lstat(file).catch(() => undefined);
    if (found?.isFile() !== true) {
      throw new Error('what was baked holds no scene');
    }
    return file;
  };
