import { createClient, type Client, type ServiceDefinition } from '#libs/grpc/index.ts';

type Options = Parameters<typeof createClient>[1];

/** An answer may take long beside other tests, and no test is about the default deadline. */
const DEADLINE_MS = 60_000;

/** Clients of one process share a connection otherwise, which callers on machines of their own do not. */
const OWN_CONNECTION = { 'grpc.use_local_subchannel_pool': 1 };

/** A client for tests: `createClient` with more patience and a connection of its own. */
export const createTestClient = <Definition extends ServiceDefinition>(
  definition: Definition,
  options: Options,
): Client<Definition> =>
  createClient(definition, {
    deadlineMs: DEADLINE_MS,
    ...options,
    channelOptions: { ...OWN_CONNECTION, ...options.channelOptions },
  });
