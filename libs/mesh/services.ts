/**
 * The services that have tokens, and users of MongoDB and NATS, of their own: what each may do stands in the protos (`services` of
 * `access`), in `libs/mongo/rights.ts` and in `traffic.ts`. A portal is a program of the site and none of Muster's.
 */
export const serviceNames = [
  'session-supervisor',
  'user-manager',
  'blob',
  'port-broker',
  'portal',
] as const;

export type ServiceName = (typeof serviceNames)[number];

export const isServiceName = (value: unknown): value is ServiceName =>
  serviceNames.some((name) => name === value);

/** Says in a message what a service's name must be. */
export const SERVICE_NAME_RULE = `must be one of ${serviceNames.join(', ')}`;
