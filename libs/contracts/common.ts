/** What every part of the mesh shares: roles and the access option, how work is described, how attempts are named. */
export * from './gen/muster/common/v1/access.ts';
export * from './gen/muster/common/v1/attempt.ts';
export * from './gen/muster/common/v1/spec.ts';
