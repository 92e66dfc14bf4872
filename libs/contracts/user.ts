export * from './gen/muster/user/v1/bus.ts';
export * from './gen/muster/user/v1/demand_service.ts';
export * from './gen/muster/user/v1/machine_service.ts';
export * from './gen/muster/user/v1/user_service.ts';
