import { status } from '#libs/errors/index.ts';

/** Exit codes of the process; scripts rely on these numbers. */
export const exitCodes = {
  done: 0,
  /** The work failed or was stopped, and everything that no other code names. */
  failed: 1,
  /** The command line, its input or its context is wrong. */
  usage: 2,
  unavailable: 3,
  /** The token is missing, expired, of another mesh, or of a role that may not do this. */
  refused: 4,
  notFound: 5,
  /** Ctrl-C or SIGTERM; what was started in the mesh goes on. */
  interrupted: 130,
} as const;

const byStatus: ReadonlyMap<status, number> = new Map([
  [status.OK, exitCodes.done],
  [status.INVALID_ARGUMENT, exitCodes.usage],
  [status.UNAVAILABLE, exitCodes.unavailable],
  [status.DEADLINE_EXCEEDED, exitCodes.unavailable],
  [status.UNAUTHENTICATED, exitCodes.refused],
  [status.PERMISSION_DENIED, exitCodes.refused],
  [status.NOT_FOUND, exitCodes.notFound],
]);

/** The exit code for an error of that gRPC code. */
export const exitCodeOf = (code: status): number => byStatus.get(code) ?? exitCodes.failed;
