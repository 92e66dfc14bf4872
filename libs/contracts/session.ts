export * from './gen/muster/session/v1/bus.ts';
export * from './gen/muster/session/v1/customer_service.ts';
export * from './gen/muster/session/v1/facts.ts';
export * from './gen/muster/session/v1/workload_service.ts';
