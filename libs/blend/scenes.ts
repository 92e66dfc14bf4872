import type { BlendFile } from './file.ts';
import { type BlendRecord, recordsOf } from './record.ts';

/** How a scene of a .blend wants to be rendered. */
export interface SceneSettings {
  name: string;
  firstFrame: number;
  lastFrame: number;
  /** Every how many frames there is one to render; at least 1. */
  frameStep: number;
  /** As Blender names it: `CYCLES`, or the name of an add-on's engine. */
  engine: string;
  /** The active camera; undefined if there is none. Markers may switch to others. */
  camera: string | undefined;
  hasCameraMarkers: boolean;
  /** Whether nodes make the picture, perhaps of another scene. */
  hasCompositor: boolean;
  /** Whether the picture comes from the strips of the sequencer. */
  hasStrips: boolean;
  /** Whether the file says that Cycles denoises. */
  isDenoised: boolean;
  /** The cameras in the scene; undefined if some of its objects are in libraries, which only those describe. */
  cameras: string[] | undefined;
  /** Empty in files before 2.8. */
  viewLayers: string[];
  /** The format of its pictures, as Python names it; undefined for one of a later or much earlier Blender. */
  format: string | undefined;
  /** Whether the file is to become a movie. */
  isMovie: boolean;
  /** Pictures per second of a movie, as a fraction: 24 / 1.001 is 23.976. */
  fps: { count: number; base: number };
}

/** The scenes of a file, and the name of the current one. */
export interface Scenes {
  scenes: SceneSettings[];
  /** The names of scenes that are linked from libraries. */
  linked: string[];
  current: string | undefined;
}

/** R_DOSEQ and R_DOCOMP in DNA_scene_types.h. */
const USES_SEQUENCER = 1;
const USES_COMPOSITOR = 1 << 6;

/** R_IMF_IMTYPE_…: AVIRAW, AVIJPEG, FFMPEG, H264, XVID, THEORA, AV1. */
const MOVIE_TYPES: ReadonlySet<number> = new Set([15, 16, 24, 31, 32, 33, 36]);

/** R_IMF_IMTYPE_… of pictures, with the names that Python has for them. */
const PICTURE_TYPES: ReadonlyMap<number, string> = new Map([
  [0, 'TARGA'],
  [1, 'IRIS'],
  [4, 'JPEG'],
  [14, 'TARGA_RAW'],
  [17, 'PNG'],
  [20, 'BMP'],
  [21, 'HDR'],
  [22, 'TIFF'],
  [23, 'OPEN_EXR'],
  [26, 'CINEON'],
  [27, 'DPX'],
  [28, 'OPEN_EXR_MULTILAYER'],
  [30, 'JPEG2000'],
  [35, 'WEBP'],
]);

/** OB_CAMERA in DNA_object_types.h. */
const CAMERA = 11;

const nameOf = (id: BlendRecord | undefined): string | undefined => id?.text('id.name').slice(2);

/** The objects of a collection and of those within it. */
const objectsOf = (collection: BlendRecord | undefined, seen: Set<string>): BlendRecord[] => {
  if (collection === undefined || seen.has(collection.key)) {
    return [];
  }
  seen.add(collection.key);
  if (!collection.has('gobject')) {
    // A linked one, which is only a name in this file.
    return [collection];
  }
  return [
    ...collection.list('gobject').flatMap((entry) => entry.ref('ob') ?? []),
    ...collection.list('children').flatMap((entry) => objectsOf(entry.ref('collection'), seen)),
  ];
};

const camerasOf = (scene: BlendRecord): string[] | undefined => {
  const objects = [
    ...objectsOf(scene.ref('master_collection') ?? scene.ref('collection'), new Set()),
    // Before 2.8.
    ...scene.list('base').flatMap((base) => base.ref('object') ?? []),
  ];
  const isWhole = objects.length > 0 && objects.every((object) => object.has('type'));
  return isWhole
    ? objects.flatMap((object) => (object.number('type') === CAMERA ? (nameOf(object) ?? []) : []))
    : undefined;
};

/** Settings of add-ons, of which Cycles is one, have another place since 5.0. */
const isDenoised = (scene: BlendRecord): boolean =>
  ['id.properties', 'id.system_properties']
    .flatMap((path) => scene.ref(path)?.list('data.group') ?? [])
    .filter((group) => group.text('name') === 'cycles')
    .flatMap((cycles) => cycles.list('data.group'))
    .some((each) => each.text('name') === 'use_denoising' && each.number('data.val') !== 0);

const settingsOf = (scene: BlendRecord): SceneSettings => ({
  name: nameOf(scene) ?? '',
  firstFrame: scene.number('r.sfra'),
  lastFrame: scene.number('r.efra'),
  frameStep: Math.max(1, scene.number('r.frame_step')),
  engine: scene.text('r.engine'),
  // A linked camera is only named in this file.
  camera: nameOf(scene.ref('camera')) ?? scene.ref('camera')?.text('name').slice(2),
  hasCameraMarkers: scene.list('markers').some((marker) => marker.isSet('camera')),
  hasCompositor:
    (scene.number('r.scemode') & USES_COMPOSITOR) !== 0 &&
    (scene.isSet('compositing_node_group') ||
      (scene.number('use_nodes') !== 0 && scene.isSet('nodetree'))),
  hasStrips:
    (scene.number('r.scemode') & USES_SEQUENCER) !== 0 &&
    (scene.ref('ed')?.list('seqbase').length ?? 0) > 0,
  isDenoised: isDenoised(scene),
  cameras: camerasOf(scene),
  viewLayers: scene.list('view_layers').map((layer) => layer.text('name')),
  format: PICTURE_TYPES.get(scene.number('r.im_format.imtype')),
  isMovie: MOVIE_TYPES.has(scene.number('r.im_format.imtype')),
  fps: { count: Math.max(1, scene.number('r.frs_sec')), base: scene.number('r.frs_sec_base') || 1 },
});

/** Reads the scenes of a file. Linked scenes are left out. */
export const scenesOf = (file: BlendFile): Scenes => {
  const ofCode = (code: string): BlendRecord[] =>
    file.blocks.filter((block) => block.code === code).flatMap((block) => recordsOf(file, block));
  return {
    scenes: ofCode('SC').map(settingsOf),
    linked: ofCode('ID').flatMap((id) => {
      const name = id.text('name');
      return name.startsWith('SC') ? [name.slice(2)] : [];
    }),
    current: nameOf(ofCode('GLOB')[0]?.ref('curscene')),
  };
};
