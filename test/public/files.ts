/** A package of Debian, and the folder of it that paths are relative to. */
const ROOTS = {
  'assimp-testmodels': 'usr/share/assimp/models/BLEND',
  'castle-game-engine-doc': 'usr/share/doc/castle-game-engine-doc/examples',
  'openshot-qt': 'usr/lib/python3/dist-packages/openshot_qt/blender',
  'pink-pony-data': 'usr/share/games/pink-pony/models',
} as const;

type Package = keyof typeof ROOTS;

/** A public .blend, and what is to come of it. */
export interface PublicFile {
  package: Package;
  /** Of the .blend and of all that lies beside it, in the package. */
  folder: string;
  /** Of the .blend, in `folder`. */
  path: string;
  /** What is special about it. */
  about: string;
  frames: readonly number[];
  /** Whether all of `folder` may go along, because the scene reads files beside its own folder. */
  includesFolder: boolean;
  /** The reason for which it is to be refused. Undefined: it is to be rendered. */
  refusal?: string;
}

type Options = Partial<Pick<PublicFile, 'frames' | 'includesFolder' | 'refusal'>>;

const of =
  (name: Package, folder = '') =>
  (path: string, about: string, options: Options = {}): PublicFile => ({
    package: name,
    folder: `${ROOTS[name]}/${folder}`.replace(/\/$/, ''),
    path: `${path}.blend`,
    about,
    frames: [1],
    includesFolder: false,
    ...options,
  });

const assimp = of('assimp-testmodels');
const pony = of('pink-pony-data');
const openshot = of('openshot-qt');
const castle = (folder: string, ...args: Parameters<ReturnType<typeof of>>): PublicFile =>
  of('castle-game-engine-doc', folder)(...args);

/** Pictures of one colour would show little, so the frames are those that show something. */
export const PUBLIC_FILES: readonly PublicFile[] = [
  assimp('BlenderDefault_248', 'of Blender 2.48'),
  assimp('CubeHierarchy_248', 'of Blender 2.48, parents and children'),
  assimp('SmoothVsSolidCube_248', 'of Blender 2.48, smooth and flat'),
  assimp('Suzanne_248', 'of Blender 2.48'),
  assimp('NoisyTexturedCube_VoronoiGlob_248', 'of Blender 2.48, a computed texture'),
  assimp('TexturedPlane_ImageUvPacked_248', 'of Blender 2.48, a packed image'),
  assimp('BlenderDefault_250_Compressed', 'of Blender 2.5, compressed'),
  assimp('TorusLightsCams_250_compressed', 'of Blender 2.5, compressed, several cameras'),
  assimp('MirroredCube_252', 'compressed, a mirror modifier'),
  assimp('SuzanneSubdiv_252', 'compressed, a subdivision modifier'),
  assimp('AreaLight_269', 'of Blender 2.69, an area light'),
  assimp('blender_269_regress1', 'of Blender 2.69'),
  assimp('box', 'of Blender 2.93'),
  pony('candy', 'of Blender 2.48'),
  pony('pony', 'of Blender 2.48, a packed image'),
  pony('pony-animated', 'a skinned animation', { frames: [1, 8, 16] }),
  openshot('blend/blur', 'a compositor that blurs', { frames: [75] }),
  openshot('blend/earth', 'a texture in another folder', { frames: [20], includesFolder: true }),
  openshot('blend/glare', 'a compositor with glare', { frames: [11] }),
  openshot('blend/lens_flare', 'a compositor with glare', { frames: [100] }),
  openshot('blend/neon_curves', 'compressed, a compositor', { frames: [158] }),
  openshot('blend/rotate_360', 'compressed, text that turns', { frames: [1, 40] }),
  openshot('blend/wireframe_text', 'text as wires', { frames: [140] }),
  openshot('blend/zoom_clapboard', 'a packed image', { frames: [33] }),
  castle(
    'physics/physics_3d_demo/data',
    'level_complex',
    'a library, whose house shades the ground',
  ),
  castle('audio/game_3d_sound/data', 'extra_objects/tnt', 'textures in another folder', {
    includesFolder: true,
  }),
  castle('lazarus/two_controls/data', 'fireplace/fireplace', 'textures in another folder', {
    includesFolder: true,
  }),
  castle('viewport_and_scenes/shader_effects/data/knight', 'knight', 'skinned, a texture', {
    frames: [3, 14],
  }),
  castle('deprecated_to_upgrade/fixed_camera_game/data/locations/home', 'scene', 'textures'),
  castle('terrain/data/oak_tree', 'oaktree', 'textures with alpha', { frames: [15] }),
  castle('animations/simultaneous_animations_one_scene/data', 'world', 'two animations', {
    frames: [20],
  }),
  castle('research_special_rendering_methods/radiance_transfer/data', 'towers', 'of Blender 2.46'),
  openshot('blend/picture_frames_4', 'images that are nowhere', { refusal: 'MISSING_ASSETS' }),
  castle('network/asynchronous_download/data', 'gears', 'no camera', { refusal: 'NO_CAMERA' }),
];
