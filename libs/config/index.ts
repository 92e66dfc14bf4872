/** Turns the environment into a typed configuration, or refuses to start and names everything that is wrong at once. */
export { ConfigError } from './config-error.ts';
export { loadConfig, withFlags, type Environment } from './load-config.ts';
export { isWithin, parseNetworks } from './networks.ts';
export { SYSTEM_CA, type TlsFiles } from './tls-files.ts';
export { tlsFiles, tlsVariables } from './tls.ts';
export { grpcTarget, listenAddress } from './variables/address.ts';
export { duration, size } from './variables/quantity.ts';
export { networks } from './variables/networks.ts';
export { secret, secretAs, url } from './variables/secret.ts';
export { boolean, filePath, identifier, integer, list, oneOf, text } from './variables/plain.ts';
