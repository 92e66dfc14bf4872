/** Turns the environment into a typed configuration, or refuses to start and names everything that is wrong at once. */
export { ConfigError, type ConfigProblem } from './config-error.ts';
export { withFlags } from './flags.ts';
export { loadConfig, type Environment } from './load-config.ts';
export { tlsFiles, tlsVariables, type TlsFiles } from './tls.ts';
export { grpcTarget, listenAddress } from './variables/address.ts';
export { duration } from './variables/duration.ts';
export { secret, secretAs, secretUrl } from './variables/secret.ts';
export { size } from './variables/size.ts';
export {
  boolean,
  filePath,
  identifier,
  integer,
  list,
  oneOf,
  text,
  url,
} from './variables/plain.ts';
