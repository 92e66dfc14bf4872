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
    case 'FluidDomainSettings':
      return unless((record.number('cache_flag') & FLUID_BAKED) !== 0, 'fluid', '');
    default:
      return undefined;
  }
};
