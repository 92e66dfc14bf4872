/** A service with one rpc of each kind, in JSON, on a real server. A spec may replace its handlers. */
import type { AccessTable, Caller, Role } from '#libs/auth/index.ts';
import { accessTable } from '#libs/auth/index.ts';
import { descriptorImage } from '#libs/contracts/image.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import { createLogger } from '#libs/telemetry/index.ts';
import {
  type ClientOptions,
  createClient,
  type Handlers,
  implement,
  type ServerOptions,
  startServer,
} from './index.ts';

export interface Note {
  text: string;
}

const encode = (note: Note): Buffer => Buffer.from(JSON.stringify({ text: note.text }));
const decode = (bytes: Buffer): Note => {
  const { text }: { text: unknown } = JSON.parse(bytes.toString());
  return { text: String(text) };
};
const codec = {
  requestSerialize: encode,
  requestDeserialize: decode,
  responseSerialize: encode,
  responseDeserialize: decode,
};

export const EchoService = {
  say: { path: '/spec.Echo/Say', requestStream: false, responseStream: false, ...codec },
  list: { path: '/spec.Echo/List', requestStream: false, responseStream: true, ...codec },
  gather: { path: '/spec.Echo/Gather', requestStream: true, responseStream: false, ...codec },
  chat: { path: '/spec.Echo/Chat', requestStream: true, responseStream: true, ...codec },
} as const;

/** Answers with the text of the request; `list` gives its letters one by one, `gather` joins texts. */
export const echo: Handlers<typeof EchoService> = {
  say: async ({ text }) => ({ text }),
  async *list({ text }) {
    for (const letter of text) {
      yield { text: letter };
    }
  },
  gather: async (requests) => {
    let text = '';
    for await (const request of requests) {
      text += request.text;
    }
    return { text };
  },
  async *chat(requests) {
    yield* requests;
  },
};

/** The token of a spec is the name of its role. */
const verify = async (token: string): Promise<Caller> => {
  if (token === 'customer' || token === 'operator' || token === 'agent' || token === 'service') {
    return { role: token, subject: `the-${token}` };
  }
  throw new DomainError(status.UNAUTHENTICATED, 'TOKEN_INVALID', 'no such token');
};

/** The access table of the real image, with every rpc of the echo service open to the roles. */
export const echoAccess = (...roles: Role[]): AccessTable =>
  new Map([
    ...accessTable(descriptorImage()),
    ...Object.values(EchoService).map(
      ({ path }) => [path, { roles: new Set(roles), isPublic: false }] as const,
    ),
  ]);

export type Echo = Awaited<ReturnType<typeof startEcho>>;

export const startEcho = async (
  handlers: Partial<Handlers<typeof EchoService>> = {},
  options: Partial<ServerOptions> = {},
  clientOptions: Partial<ClientOptions> = {},
) => {
  let logs = '';
  const server = await startServer({
    listen: '127.0.0.1:0',
    services: [implement(EchoService, { ...echo, ...handlers })],
    verify,
    access: echoAccess('customer'),
    image: descriptorImage(),
    logger: createLogger({
      service: 'spec',
      level: 'debug',
      destination: { write: (line) => void (logs += line) },
    }),
    ...options,
  });
  const client = createClient(EchoService, {
    target: server.address,
    token: 'customer',
    ...clientOptions,
  });
  return {
    server,
    client,
    /** The lines that the server has logged, each one JSON document. */
    logs: () => logs,
    [Symbol.asyncDispose]: async () => {
      client.close();
      await server.drain(100);
    },
  };
};

/** The error that a promise or an iteration fails with. */
export const failure = async (
  going: Promise<unknown> | AsyncIterable<unknown>,
): Promise<DomainError> => {
  try {
    if (going instanceof Promise) {
      await going;
    } else {
      for await (const _ of going) {
      }
    }
  } catch (thrown) {
    if (thrown instanceof DomainError) {
      return thrown;
    }
    throw thrown;
  }
  throw new Error('it did not fail');
};
