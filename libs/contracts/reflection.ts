/** grpc.reflection in both versions that tools still ask for; their messages differ in name only. */
export * as v1 from './gen/grpc/reflection/v1/reflection.ts';
export * as v1alpha from './gen/grpc/reflection/v1alpha/reflection.ts';
