import { DomainError, status } from '#libs/errors/index.ts';

export const targetNotAllowed = (host: string, address: string): DomainError =>
  new DomainError(
    status.PERMISSION_DENIED,
    'TARGET_NOT_ALLOWED',
    `${host === address ? host : `${host} (${address})`} is in none of the networks that consoles may be in; add its network to MUSTER_PORT_VNC_NETWORKS (muster up --vnc-network)`,
    { host, address },
  );

export const targetUnknown = (host: string, cause: unknown): DomainError =>
  new DomainError(
    status.FAILED_PRECONDITION,
    'TARGET_UNKNOWN',
    `the host of the broker finds no address for ${host}; give its address instead`,
    { host },
    { cause },
  );

/** FAILED_PRECONDITION `TARGET_UNREACHABLE`; `why` continues "no VNC server answers at <target>: …". */
export const targetUnreachable = (vm: string, target: string, why: string): DomainError =>
  new DomainError(
    status.FAILED_PRECONDITION,
    'TARGET_UNREACHABLE',
    `no VNC server answers at ${target}: ${why}; start ${vm} first, or ask with allow_unreachable`,
    { vm, target },
  );

export const vmHasOtherTarget = (vm: string, session: string, target: string): DomainError =>
  new DomainError(
    status.FAILED_PRECONDITION,
    'VM_HAS_OTHER_TARGET',
    `${vm} has the session ${session} for ${target}; stop that first`,
    { vm, session, target },
  );
