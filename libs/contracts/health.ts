/** grpc.health.v1, as every load balancer knows it. */
export * from './gen/health/v1/health.ts';
