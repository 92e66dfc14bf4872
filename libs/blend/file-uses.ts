import { isFluidBaked } from './physics.ts';
import type { BlendRecord } from './record.ts';

/** How a path names files. */
export type PathForm =
  | 'file'
  /** The first of files that differ in the number before the extension. */
  | 'sequence'
  /** `<UDIM>` or `<UVTILE>` stands for the number of a tile. */
  | 'tiles'
  | 'folder'
  /** The folder `blendcache_NAME` beside the .blend NAME. */
  | 'blendcache';

/** A file, or files, that a data-block reads. */
export interface FileUse {
  /** For people: `image`, `font`. */
  kind: string;
  /** As the .blend has it, bytes that are not UTF-8 as `rawText` says: `//textures/bark.png`. Empty for `blendcache`. */
  path: string;
  form: PathForm;
  /** Whether a picture shows it. Sounds belong to a project, but no picture is wrong without them. */
  isShown: boolean;
  /** The numbers of the tiles that the image has. */
  tiles?: readonly number[];
  /** What of a sequence is read, as far as that is known. */
  reads?: readonly SequenceRead[];
}

/** How a node picks one of a sequence of images for each frame. */
export interface SequenceRead {
  /** The frame that shows the first one. */
  first: number;
  /** How many there are. */
  count: number;
  /** What is added to the number of each. */
  offset: number;
  isCyclic: boolean;
}

/** DNA_image_types.h */
const IMAGE_FORMS: Readonly<Record<number, PathForm>> = {
  1: 'file',
  2: 'sequence',
  3: 'file',
  6: 'tiles',
};
/** DNA_movieclip_types.h: MCLIP_SRC_SEQUENCE. */
const CLIP_SEQUENCE = 1;
/** DNA_object_force_types.h */
const CACHE_BAKED = 1 << 0;
const CACHE_ON_DISK = 1 << 6;
const CACHE_EXTERNAL = 1 << 9;
/** Strip types of DNA_sequence_types.h. */
const STRIP_IMAGE = 0;
const STRIP_MOVIE = 3;
/** NodeShaderTexIES and NodeShaderScript: the file is outside of the .blend. */
const NODE_EXTERNAL = 1;

const use = (kind: string, path: string, form: PathForm = 'file', isShown = true): FileUse[] =>
  path === '' ? [] : [{ kind, path, form, isShown }];

const packable = (kind: string, record: BlendRecord, path: string, form?: PathForm): FileUse[] =>
  record.isSet('packedfile') ? [] : use(kind, path, form);

const imageFiles = (image: BlendRecord): FileUse[] => {
  const form = IMAGE_FORMS[image.number('source')];
  if (form === undefined || image.list('packedfiles').length > 0) {
    return [];
  }
  const uses = packable('image', image, image.filePath('name'), form);
  const tiles = image.list('tiles').map((tile) => tile.number('tile_number'));
  return form === 'tiles' ? uses.map((each) => ({ ...each, tiles })) : uses;
};

/** How a node reads the sequence of its image; undefined if it has none. */
export const sequenceReadOf = (node: BlendRecord): SequenceRead | undefined => {
  const storage = node.ref('storage');
  const isSequence = IMAGE_FORMS[node.ref('id')?.number('source') ?? 0] === 'sequence';
  const prefix = ['iuser.', ''].find((each) => storage?.has(`${each}sfra`) === true);
  if (storage === undefined || !isSequence || prefix === undefined) {
    return undefined;
  }
  return {
    first: storage.number(`${prefix}sfra`),
    count: storage.number(`${prefix}frames`),
    offset: storage.number(`${prefix}offset`),
    isCyclic: storage.number(`${prefix}cycl`) !== 0,
  };
};

const stripFiles = (strip: BlendRecord): FileUse[] => {
  const data = strip.ref('strip');
  const type = strip.number('type');
  if (data === undefined || (type !== STRIP_IMAGE && type !== STRIP_MOVIE)) {
    return [];
  }
  const folder = data.filePath('dir').replace(/[^/\\]$/, '$&/');
  return data
    .array('stripdata')
    .flatMap((element) => use('strip', folder + element.filePath('name')));
};

const pointCacheFiles = (cache: BlendRecord): FileUse[] => {
  const flag = cache.number('flag');
  if ((flag & CACHE_EXTERNAL) !== 0) {
    return use('physics cache', cache.filePath('path'), 'folder');
  }
  return (flag & CACHE_ON_DISK) !== 0 && (flag & CACHE_BAKED) !== 0
    ? [{ kind: 'physics cache', path: '', form: 'blendcache', isShown: true }]
    : [];
};

/**
 * Blender names a folder also for a fluid that nobody baked, by default one outside of the project that goes when it is closed. There it
 * leaves frames while it plays, which may serve.
 */
const fluidFiles = (domain: BlendRecord): FileUse[] => {
  const folder = domain.filePath('cache_directory');
  const isWanted = isFluidBaked(domain) || /^\/\/(?!\.\.[/\\])/.test(folder);
  return isWanted ? use('fluid cache', folder, 'folder', isFluidBaked(domain)) : [];
};

const READERS: Readonly<Record<string, (record: BlendRecord) => FileUse[]>> = {
  Image: imageFiles,
  Library: (library) => packable('library', library, library.filePath('name')),
  VFont: (font) =>
    font.text('name') === '<builtin>' ? [] : packable('font', font, font.filePath('name')),
  Volume: (volume) =>
    packable(
      'volume',
      volume,
      volume.filePath('filepath'),
      volume.number('is_sequence') === 0 ? 'file' : 'sequence',
    ),
  CacheFile: (cache) =>
    use(
      'cache',
      cache.filePath('filepath'),
      cache.number('is_sequence') === 0 ? 'file' : 'sequence',
    ),
  MovieClip: (clip) =>
    use(
      'clip',
      clip.filePath('name'),
      clip.number('source') === CLIP_SEQUENCE ? 'sequence' : 'file',
    ),
  MeshCacheModifierData: (cache) => use('cache', cache.filePath('filepath')),
  OceanModifierData: (ocean) =>
    ocean.number('cached') === 0 ? [] : use('ocean cache', ocean.filePath('cachepath'), 'folder'),
  CustomDataExternal: (external) => use('displacement', external.filePath('filename')),
  FluidDomainSettings: fluidFiles,
  NodeShaderTexIES: (node) =>
    node.number('mode') === NODE_EXTERNAL ? use('light profile', node.filePath('filepath')) : [],
  NodeShaderScript: (node) =>
    node.number('mode') === NODE_EXTERNAL ? use('script', node.filePath('filepath')) : [],
  // Simulations in geometry nodes may run without it.
  NodesModifierData: (nodes) => {
    const folder = nodes.filePath('simulation_bake_directory') || nodes.filePath('bake_directory');
    return use('bake', folder, 'folder', false);
  },
  NodesModifierBake: (bake) =>
    bake.isSet('packed') ? [] : use('bake', bake.filePath('directory'), 'folder'),
  PointCache: pointCacheFiles,
  Sequence: stripFiles,
  bSound: (sound) =>
    sound.isSet('packedfile') ? [] : use('sound', sound.filePath('name'), 'file', false),
};

/** The files that one record names. */
export const filesOf = (record: BlendRecord): FileUse[] =>
  READERS[record.struct.name]?.(record) ?? [];
