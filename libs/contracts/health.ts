/** grpc.health.v1, the health protocol of load balancers. */
export * from './gen/health/v1/health.ts';
