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

const nameOf = (id: BlendRecord | undefined): string | undefined => id?.text('id.name').slice(2);

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
