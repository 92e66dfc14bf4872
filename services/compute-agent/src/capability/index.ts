export { type Capability, type CapabilityOptions, findCapability } from './capability.ts';
export type { BlenderProgram } from './find-blender.ts';
export type { Machine } from './machine.ts';
