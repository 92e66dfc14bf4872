/** Servers and clients for the calls between parts of the mesh, and for those of people. */
export type { Bidi, CallContext, ClientStream, ServerStream, Unary } from './call-context.ts';
export type {
  Handlers,
  MethodDefinition,
  RequestOf,
  ResponseOf,
  ServiceDefinition,
} from './definition.ts';
export {
  implement,
  type BoundMethod,
  type Exchange,
  type ServiceBinding,
} from './server/binding.ts';
export type { Health } from './server/health.ts';
export { type RunningServer, type ServerOptions, startServer } from './server/start-server.ts';
export { createClient } from './client/create-client.ts';
export type { BidiCall, CallOf, CallOptions, Client, ClientOptions } from './client/types.ts';
