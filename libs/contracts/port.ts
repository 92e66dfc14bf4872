export * from './gen/muster/port/v1/compute_session_service.ts';
export * from './gen/muster/port/v1/port_service.ts';
export * from './gen/muster/port/v1/session.ts';
export * from './gen/muster/port/v1/visualization_service.ts';
export * from './gen/muster/port/v1/vnc_service.ts';
