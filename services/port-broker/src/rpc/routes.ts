import type {
  ComputeSessionServiceService,
  ListVncSessionsResponse,
  PortServiceService,
  VisualizationServiceService,
  VncServiceService,
} from '#libs/contracts/port.ts';
import type { RequestOf, ResponseOf, ServiceDefinition } from '#libs/grpc/index.ts';
import { sumOf } from '../wire/console.ts';

/** Which of several hosts answers an rpc. */
export type Route<Q, R> =
  /**
   * About one thing. The tag in its id names its host, or else `keyOf` finds it by a key that exists once in the mesh.
   */
  | { by: 'id'; idOf: (request: Q) => string; keyOf?: (request: Q) => string }
  /** About one host: the one that the request names, or the one that received it. */
  | { by: 'host' }
  /** A list, of the host that the request names or of all hosts; in pages if the request has pages. */
  | { by: 'everywhere'; field: keyof R & string; join: (one: R, other: R) => R }
  /** Begins something, on the host that the request names or on one that has room. */
  | { by: 'placed'; about: (request: Q, subject: string) => Placement };

/**
 * What a new thing needs. Its port comes from `pool`. It exists once in the whole mesh under `key`; if that is empty,
 * any number may exist.
 */
export interface Placement {
  pool: string;
  key: string;
}

export type Routes<S extends ServiceDefinition> = {
  readonly [K in keyof S]: Route<RequestOf<S[K]>, ResponseOf<S[K]>>;
};

const byId = <Q>(field: keyof Q) => ({
  by: 'id' as const,
  idOf: (request: Q): string => String(request[field]),
});
const byHost = { by: 'host' } as const;

interface Everywhere {
  unreachableHosts: string[];
}

/** `field` is the list in the answer; `more` joins the other fields of two answers. */
const everywhere = <K extends string, R extends Record<K, readonly unknown[]> & Everywhere>(
  field: K & keyof R & string,
  more: (one: R, other: R) => Partial<R> = () => ({}),
) => ({
  by: 'everywhere' as const,
  field,
  join: (one: R, other: R): R => ({
    ...one,
    ...other,
    [field]: [...one[field], ...other[field]],
    unreachableHosts: [...one.unreachableHosts, ...other.unreachableHosts],
    ...more(one, other),
  }),
});
const placed = <Q>(about: (request: Q, subject: string) => Placement) => ({
  by: 'placed' as const,
  about,
});

/** The key of what a request makes, because a repeated request may reach another host. */
const made = (what: string, subject: string, requestId: string): string =>
  requestId === '' ? '' : `${what} ${subject} ${requestId}`;

const vmOf = ({ vm }: { vm: string }): string => `vm ${vm}`;
const byIdOrMachine = {
  by: 'id',
  idOf: ({ sessionId }: { sessionId: string }) => sessionId,
  keyOf: vmOf,
} as const;

export const portRoutes: Routes<typeof PortServiceService> = {
  acquireLease: placed(({ pool, requestId }, subject) => ({
    pool,
    key: made('lease', subject, requestId),
  })),
  renewLease: byId('leaseId'),
  releaseLease: byId('leaseId'),
  getLease: byId('leaseId'),
  listLeases: everywhere('leases'),
  watchLeases: byHost,
  getPoolStatus: everywhere('pools'),
  reconcile: byHost,
};

export const visualizationRoutes: Routes<typeof VisualizationServiceService> = {
  startVisualization: placed(({ source }) => ({
    pool: 'visualization',
    key: `${source?.$case ?? ''} ${source?.value ?? ''}`,
  })),
  getVisualization: byId('visualizationId'),
  listVisualizations: everywhere('visualizations'),
  stopVisualization: byId('visualizationId'),
  cleanupIdle: everywhere('ended'),
};

export const consoleRoutes: Routes<typeof VncServiceService> = {
  startVncSession: placed((request) => ({ pool: 'vnc', key: vmOf(request) })),
  getVncSession: byIdOrMachine,
  listVncSessions: everywhere('sessions', (one: ListVncSessionsResponse, other) => ({
    stats: sumOf(one.stats, other.stats),
  })),
  stopVncSession: byIdOrMachine,
};

export const computeRoutes: Routes<typeof ComputeSessionServiceService> = {
  startComputeSession: placed(({ requestId }, subject) => ({
    pool: 'compute',
    key: made('compute', subject, requestId),
  })),
  sendCommand: byId('sessionId'),
  listComputeSessions: everywhere('sessions'),
  getComputeSession: byId('sessionId'),
  setSessionUserInfo: byId('sessionId'),
  endComputeSession: byId('sessionId'),
  listCommandLog: byId('sessionId'),
  listSessionMetrics: byId('sessionId'),
};
