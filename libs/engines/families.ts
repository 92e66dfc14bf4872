/** Programs that do the same kind of work; a workload asks for one of these. */
export type EngineFamily = 'blender' | 'noop' | 'openfoam';

/** Every engine that the mesh knows, as `Engine.name` in agent_service.proto names it. */
const families: Readonly<Record<string, EngineFamily>> = {
  CYCLES: 'blender',
  BLENDER_EEVEE: 'blender',
  BLENDER_WORKBENCH: 'blender',
  noop: 'noop',
  OPENFOAM_COM: 'openfoam',
  OPENFOAM_ORG: 'openfoam',
};

/** The family of an engine. Undefined for one that the mesh does not know: it gets work only where its name is asked for. */
export const familyOf = (engine: string): EngineFamily | undefined =>
  Object.hasOwn(families, engine) ? families[engine] : undefined;
