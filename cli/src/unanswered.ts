import { DomainError, status, statusName } from '#libs/errors/index.ts';

/** `127.0.0.1:7401, 127.0.0.1:7402` of a gRPC target. */
export const addressOf = (target: string): string =>
  target
    .replace(/^(?:ipv4:|ipv6:|dns:(?:\/\/[^/]*\/)?)/, '')
    .split(',')
    .join(', ');

/** What grpc-js writes when it got as far as no server, or to something that does not speak gRPC. */
const NOT_REACHED =
  /No connection established|Name resolution failed|Waiting for LB pick|connect E[A-Z]|HTTP status code/;
const UNTRUSTED = /certificate|self[- ]signed|altname|UNABLE_TO_|SSL routines|ERR_TLS/i;

/** `connect ECONNREFUSED 127.0.0.1:7401`, in what grpc-js writes. */
const problemIn = (message: string): string =>
  /connect E[A-Z]{1,40} \S+/.exec(message)?.[0].replace(/\.$/, '') ??
  (/Name resolution failed/.test(message) ? 'the name is not known' : 'no answer of a mesh');

export const noMeshAt = (address: string): string =>
  `no mesh answers at ${address}: start one with \`muster up\`, or name another with --context FILE`;

/** Whether a service of a mesh wrote it: those always give a reason of their own. */
const isOfAService = ({ code, reason }: DomainError): boolean => reason !== statusName(code);

/**
 * An error of a call in words of this command. What the connection itself ran into becomes UNAVAILABLE `NO_MESH` or
 * `MESH_UNTRUSTED`, which name the address and the next step; what a service answered stays as it is.
 */
export const explained = (error: DomainError, target: string): DomainError => {
  if (isOfAService(error)) {
    return error;
  }
  const address = addressOf(target);
  const { code, message } = error;
  const extra = { cause: error };
  const failure = (reason: string, text: string, problem: string): DomainError =>
    new DomainError(status.UNAVAILABLE, reason, text, { address, problem }, extra);
  if (NOT_REACHED.test(message) && UNTRUSTED.test(message)) {
    const advice = 'name the authority of its certificate with --tls-ca FILE';
    return failure(
      'MESH_UNTRUSTED',
      `what answers at ${address} is not trusted: ${advice}`,
      advice,
    );
  }
  if (NOT_REACHED.test(message)) {
    return failure('NO_MESH', noMeshAt(address), problemIn(message));
  }
  if (code === status.UNAVAILABLE) {
    return failure(error.reason, `the connection to ${address} broke`, 'the connection broke');
  }
  return code === status.DEADLINE_EXCEEDED
    ? new DomainError(
        code,
        error.reason,
        `${address} did not answer in time; \`muster status\` says which part is away`,
        { address },
        extra,
      )
    : error;
};
