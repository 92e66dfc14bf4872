import type { BlendRecord } from './record.ts';

/** A simulation whose frames are not stored. */
export interface Unbaked {
  /** For people: `cloth`. */
  kind: string;
  name: string;
}

const CACHE_BAKED = 1 << 0;
const CACHE_EXTERNAL = 1 << 9;
/** DNA_particle_types.h: hair does not move by itself. */
const PART_EMITTER = 0;

const isBaked = (cache: BlendRecord | undefined): boolean =>
  cache !== undefined && (cache.number('flag') & (CACHE_BAKED | CACHE_EXTERNAL)) !== 0;

/** Before 2.8, what copies of an object share was a member of the struct itself. */
const sharedCacheOf = (record: BlendRecord): BlendRecord | undefined =>
  (record.ref('shared') ?? record).ref('pointcache');

const unless = (isStored: boolean, kind: string, name: string): Unbaked | undefined =>
  isStored ? undefined : { kind, name };

/** DNA_modifier_types.h: eModifierMode_Render. */
const RENDERED = 1 << 1;
/** DNA_dynamicpaint_types.h: MOD_DPAINT_ACTIVE, and the format of surfaces that are files of their own. */
const PAINT_ACTIVE = 1 << 0;
const PAINT_IMAGES = 2;

/** Whether pictures show what a modifier does. */
export const isRendered = (modifier: BlendRecord): boolean =>
  (modifier.number('modifier.mode') & RENDERED) !== 0;

/** FLUID_DOMAIN_BAKED_DATA and its kin in DNA_fluid_types.h. */
const FLUID_BAKED = 0b1010_1010;

/** Whether something of a fluid is baked into its folder. */
export const isFluidBaked = (domain: BlendRecord): boolean =>
  (domain.number('cache_flag') & FLUID_BAKED) !== 0;

const SIMULATION = 'GeometryNodeSimulationOutput';
/** Groups lie in each other at most so deep; a deeper file is damaged. */
const MAX_DEPTH = 100;

const treeOf = (node: BlendRecord): BlendRecord | undefined => {
  const block = node.ref('id');
  return block?.struct.name === 'bNodeTree' ? block : undefined;
};

/** Whether a modifier bakes a simulation zone under this number; `tree` is the group in which the number is known. */
const isZone = (tree: BlendRecord | undefined, id: number, depth = 0): boolean => {
  const way = tree?.array('nested_node_refs').find((each) => each.number('id') === id);
  const node = tree
    ?.list('nodes')
    .find((each) => each.number('identifier') === way?.number('path.node_id'));
  return (
    node !== undefined &&
    way !== undefined &&
    depth < MAX_DEPTH &&
    (node.text('idname') === SIMULATION ||
      isZone(treeOf(node), way.number('path.id_in_node'), depth + 1))
  );
};

/** Whether a tree of nodes, or one inside it, has a simulation zone. */
const hasZone = (tree: BlendRecord | undefined, seen = new Set<string>()): boolean => {
  if (tree === undefined || seen.has(tree.key)) {
    return false;
  }
  seen.add(tree.key);
  return tree
    .list('nodes')
    .some((node) => node.text('idname') === SIMULATION || hasZone(treeOf(node), seen));
};

/**
 * Whether geometry nodes have a simulation zone that is not stored. What may lie in a folder counts as stored, because only who opens
 * the file can tell.
 */
const hasOpenZone = (nodes: BlendRecord): boolean => {
  const group = nodes.ref('node_group');
  // Files keep the name that the member had at first.
  if (
    nodes.filePath('simulation_bake_directory') !== '' ||
    nodes.filePath('bake_directory') !== ''
  ) {
    return false;
  }
  if (!nodes.has('bakes')) {
    return hasZone(group);
  }
  return nodes
    .array('bakes')
    .some(
      (bake) =>
        !bake.isSet('packed') &&
        bake.filePath('directory') === '' &&
        isZone(group, bake.number('id')),
    );
};

/** The simulation of a modifier, particle system or rigid body world, if it is not baked. */
export const unbakedOf = (record: BlendRecord): Unbaked | undefined => {
  switch (record.struct.name) {
    case 'ClothModifierData':
      return unless(
        isBaked(record.ref('point_cache')) || !isRendered(record),
        'cloth',
        record.text('modifier.name'),
      );
    case 'SoftBody':
      return unless(isBaked(sharedCacheOf(record)), 'soft body', '');
    case 'ParticleSystem':
      return record.ref('part')?.number('type') === PART_EMITTER
        ? unless(isBaked(record.ref('pointcache')), 'particles', record.text('name'))
        : undefined;
    case 'RigidBodyWorld':
      return (record.ref('group')?.list('gobject') ?? []).length === 0
        ? undefined
        : unless(isBaked(sharedCacheOf(record)), 'rigid bodies', '');
    case 'DynamicPaintSurface':
      return (record.number('flags') & PAINT_ACTIVE) === 0 ||
        record.number('format') === PAINT_IMAGES
        ? undefined
        : unless(isBaked(record.ref('pointcache')), 'dynamic paint', record.text('name'));
    case 'NodesModifierData':
      return unless(
        !isRendered(record) || !hasOpenZone(record),
        'simulation',
        record.text('modifier.name'),
      );
    case 'FluidDomainSettings':
      return unless(isFluidBaked(record), 'fluid', '');
    default:
      return undefined;
  }
};
