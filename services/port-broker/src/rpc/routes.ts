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
  /** About one thing: the host whose tag is in its id. With `keyOf` it can also be named by what exists once in the mesh. */
  | { by: 'id'; idOf: (request: Q) => string; keyOf?: (request: Q) => string }
  /** About one host: the named one, or the one that is asked. */
  | { by: 'host' }
  /** About all there is of a kind, on the named host or on all; page by page where the request has pages. */
  | { by: 'everywhere'; field: keyof R & string; join: (one: R, other: R) => R }
  /** Begins something: on the named host, or on the one that has room for it. */
  | { by: 'placed'; about: (request: Q, subject: string) => Placement };

/** The pool of the port that it needs, and the key under which it exists once in the whole mesh; an empty key: as often as one likes. */
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
