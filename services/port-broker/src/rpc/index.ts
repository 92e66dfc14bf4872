import type { ServiceBinding } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';

/** What this service answers beside health and reflection: nothing yet, so `PortService` is UNIMPLEMENTED. */
export const services = (_context: Context): ServiceBinding[] => [];
