import type { BlendRecord } from './record.ts';

/** Flags of DNA_object_types.h, DNA_collection_types.h and DNA_layer_types.h. */
const OBJECT_HIDE_RENDER = 1 << 2;
const COLLECTION_HIDE_RENDER = 1 << 3;
const LAYER_EXCLUDE = 1 << 4;
const LAYER_RENDERED = 1 << 0;

/** Whether no picture shows the object. Animation may show it again, so an animated object counts as shown. */
export const isHiddenObject = (object: BlendRecord): boolean =>
  (object.number('restrictflag') & OBJECT_HIDE_RENDER) !== 0 && !object.isSet('adt');

/**
 * The objects of a scene from before 2.8, which has layers in place of collections, as far as pictures show them. A linked object
 * is only a name in this file, so it counts as shown.
 */
export const objectsOnLayers = (scene: BlendRecord): BlendRecord[] => {
  if (scene.has('master_collection')) {
    return [];
  }
  const layers = scene.number('lay');
  return scene
    .list('base')
    .map((base) => base.ref('object'))
    .filter((object) => object !== undefined)
    .filter((object) => !object.has('lay') || (object.number('lay') & layers) !== 0)
    .filter((object) => !isHiddenObject(object));
};

/** The keys of the collections that no rendered view layer of the scene shows. */
export const hiddenCollections = (scene: BlendRecord): Set<string> => {
  const shown = new Set<string>();
  const listed = new Set<string>();
  const visit = (layers: readonly BlendRecord[], isRendered: boolean): void => {
    for (const layer of layers) {
      const collection = layer.ref('collection');
      if (collection === undefined) {
        continue;
      }
      const isShown =
        isRendered &&
        (layer.number('flag') & LAYER_EXCLUDE) === 0 &&
        (collection.number('flag') & COLLECTION_HIDE_RENDER) === 0;
      (isShown ? shown : listed).add(collection.key);
      visit(layer.list('layer_collections'), isShown);
    }
  };
  for (const layer of scene.list('view_layers')) {
    visit(layer.list('layer_collections'), (layer.number('flag') & LAYER_RENDERED) !== 0);
  }
  return listed.difference(shown);
};
