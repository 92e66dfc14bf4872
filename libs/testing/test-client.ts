import { createClient, type Client, type ServiceDefinition } from '#libs/grpc/index.ts';

type Options = Parameters<typeof createClient>[1];

/** An answer may take long beside other tests, and no test is about the default deadline. */
const DEADLINE_MS = 60_000;

/** A client for tests: `createClient` with more patience. */
export const createTestClient = <Definition extends ServiceDefinition>(
  definition: Definition,
  options: Options,
): Client<Definition> => createClient(definition, { deadlineMs: DEADLINE_MS, ...options });
