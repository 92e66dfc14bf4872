/** What a program session takes of its host now. */
export interface Taking {
  id: string;
  owner: string;
  /** Whether its owner is a customer, who has bounds. */
  isBound: boolean;
  /** It is being ended, so what it takes comes back by itself. */
  isEnding: boolean;
  memoryBytes: number;
  diskBytes: number;
}

/** How much of a host program sessions may take. */
export interface HostBounds {
  /** What all sessions of one customer may take together. */
  customerMemoryBytes: number;
  customerDiskBytes: number;
  /** What stays free of the disk with the leases, or no port could be leased any more. */
  reserveBytes: number;
}

/** Why no session may begin. */
export type Shortage =
  | { kind: 'customer-memory' | 'customer-disk'; takenBytes: number; boundBytes: number }
  | { kind: 'reserve'; freeBytes: number; boundBytes: number };

type Resource = 'memory' | 'disk';

/** Why a session must end: it took most of a resource. `text` continues its name. */
export interface Ending {
  id: string;
  reason: 'CUSTOMER_MEMORY_USED' | 'CUSTOMER_DISK_USED' | 'HOST_DISK_SHORT';
  of: Resource;
  text: string;
}

const MIB = 1024 ** 2;
/** Ending one that takes less frees nothing that is worth it. */
const MIN_ENDED_BYTES = 64 * MIB;

const mib = (bytes: number): string => `${Math.round(bytes / MIB)} MiB`;

const of = (taking: Taking, resource: Resource): number =>
  resource === 'memory' ? taking.memoryBytes : taking.diskBytes;

const sum = (takings: readonly Taking[], resource: Resource): number =>
  takings.reduce((all, each) => all + of(each, resource), 0);

const boundOf = (bounds: HostBounds, resource: Resource): number =>
  resource === 'memory' ? bounds.customerMemoryBytes : bounds.customerDiskBytes;

const greediest = (takings: readonly Taking[], resource: Resource): Taking | undefined =>
  takings
    .filter((each) => !each.isEnding && of(each, resource) >= MIN_ENDED_BYTES)
    .sort((a, b) => of(b, resource) - of(a, resource))[0];

/** Whether another session of this owner may begin; undefined: it may. */
export const shortageOf = (
  takings: readonly Taking[],
  { owner, isBound }: Pick<Taking, 'owner' | 'isBound'>,
  freeBytes: number,
  bounds: HostBounds,
): Shortage | undefined => {
  if (freeBytes < bounds.reserveBytes) {
    return { kind: 'reserve', freeBytes, boundBytes: bounds.reserveBytes };
  }
  const own = takings.filter((each) => isBound && each.isBound && each.owner === owner);
  for (const resource of ['memory', 'disk'] as const) {
    const [takenBytes, boundBytes] = [sum(own, resource), boundOf(bounds, resource)];
    if (takenBytes >= boundBytes) {
      return { kind: `customer-${resource}`, takenBytes, boundBytes };
    }
  }
  return undefined;
};

/** Which sessions end, and why: of each customer with more than the bound the one that takes most, and of all when the disk runs full. */
export const endingsOf = (
  takings: readonly Taking[],
  freeBytes: number,
  bounds: HostBounds,
): Ending[] => {
  const endings = new Map<string, Ending>();
  const end = (
    from: readonly Taking[],
    { of: resource, reason }: Pick<Ending, 'of' | 'reason'>,
    why: string,
  ): void => {
    // What is being ended may be enough.
    const most = from.some((each) => each.isEnding) ? undefined : greediest(from, resource);
    if (most !== undefined && !endings.has(most.id)) {
      endings.set(most.id, {
        id: most.id,
        reason,
        of: resource,
        text: `took ${mib(of(most, resource))} of ${resource}, ${why}`,
      });
    }
  };
  const owners = Map.groupBy(
    takings.filter(({ isBound }) => isBound),
    ({ owner }) => owner,
  );
  for (const own of owners.values()) {
    for (const resource of ['memory', 'disk'] as const) {
      const [taken, bound] = [sum(own, resource), boundOf(bounds, resource)];
      if (taken > bound) {
        const why = `the most of the ${mib(taken)} that its owner's sessions on this host took together, which may take ${mib(bound)}`;
        const reason = resource === 'memory' ? 'CUSTOMER_MEMORY_USED' : 'CUSTOMER_DISK_USED';
        end(own, { of: resource, reason }, why);
      }
    }
  }
  if (freeBytes < bounds.reserveBytes) {
    const why = `the most of all sessions, while ${mib(freeBytes)} of the host's disk were free, of which ${mib(bounds.reserveBytes)} stay free`;
    end(takings, { of: 'disk', reason: 'HOST_DISK_SHORT' }, why);
  }
  return [...endings.values()];
};
