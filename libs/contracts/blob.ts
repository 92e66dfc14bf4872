export * from './gen/muster/blob/v1/blob_service.ts';
export * from './gen/muster/blob/v1/object_service.ts';
export * from './gen/muster/blob/v1/part_manifest.ts';
