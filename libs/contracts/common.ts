/** What every part of the mesh shares: roles and the access option. */
export * from './gen/muster/common/v1/access.ts';
