/** What every service of the mesh has in common: how it is configured, and how it serves. */
export { serve } from './serve.ts';
export {
  meshSecretVariables,
  mongoVariables,
  natsVariables,
  serverConfig,
  serverVariables,
  type ServerConfig,
} from './variables.ts';
