import { once } from 'node:events';
import {
  Client,
  credentials,
  Metadata,
  type ClientDuplexStream,
  type ServiceError,
} from '@grpc/grpc-js';
import { AgentServiceService, ConnectRequest, ConnectResponse } from '#libs/contracts/agent.ts';
import { type DomainError, fromServiceError, status } from '#libs/errors/index.ts';
import { capabilityOf, helloOf } from '#libs/testing/index.ts';
import pLimit from 'p-limit';
import { enrol } from './hand-agent.ts';
import type { Mesh } from './mesh.ts';

/** The bytes of an agent's message. */
export const bytesOf = (message: ConnectRequest['message']): Uint8Array =>
  ConnectRequest.encode({ message }).finish();

/** The bytes of a valid hello. */
const helloBytes = (...engines: string[]): Uint8Array => {
  const capability = capabilityOf({
    engines: engines.map((name) => ({ name, version: '1', devices: [] })),
  });
  return bytesOf({ $case: 'hello', value: helloOf({ capability }) });
};

/** Opens an agent's stream, on which any bytes can be sent. */
const connect = (
  client: Client,
  token: string,
  deadline = Infinity,
): ClientDuplexStream<Uint8Array, ConnectResponse> => {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  return client.makeBidiStreamRequest(
    AgentServiceService.connect.path,
    (bytes: Uint8Array) => Buffer.from(bytes),
    (bytes: Buffer) => ConnectResponse.decode(bytes),
    metadata,
    { deadline },
  );
};

const WITHIN_MS = 60_000;

/**
 * Opens an agent's stream and sends a valid hello, or another beginning if one is given. Then it sends these bytes unchanged.
 * Returns the error with which the mesh ends the stream.
 */
export const rawAgent = async (
  { endpoints }: Mesh,
  token: string,
  messages: readonly Uint8Array[],
  beginning: readonly Uint8Array[] = [helloBytes()],
): Promise<DomainError> => {
  const client = new Client(endpoints.user, credentials.createInsecure());
  try {
    const { promise, resolve, reject } = Promise.withResolvers<ServiceError>();
    const call = connect(client, token, Date.now() + WITHIN_MS);
    call.on('error', (error: ServiceError) => resolve(error));
    call.on('data', () => undefined);
    call.on('status', ({ code }: { code: number }) => {
      if (code === status.OK) {
        reject(new Error('the mesh took it all and said OK'));
      }
    });
    for (const message of [...beginning, ...messages]) {
      call.write(message);
    }
    return fromServiceError(await promise);
  } finally {
    client.close();
  }
};

const PER_CONNECTION = 100;
const ENROL_AT_ONCE = 20;

/** Agents that say hello, may send more messages, and never read what the mesh sends. */
export const deafAgents = async (mesh: Mesh, count: number, engines: string[] = []) => {
  const names = Array.from({ length: count }, (_, i) => `deaf-${i}`);
  const enrolAtOnce = pLimit(ENROL_AT_ONCE);
  const machines = await enrolAtOnce.map(names, (name) => enrol(mesh, name));
  const clients = Array.from(
    { length: Math.ceil(count / PER_CONNECTION) },
    () =>
      new Client(mesh.endpoints.user, credentials.createInsecure(), {
        'grpc.use_local_subchannel_pool': 1,
      }),
  );
  const connected: Promise<unknown>[] = [];
  const streams = machines.map(({ token }, i) => {
    const stream = connect(clients[Math.floor(i / PER_CONNECTION)]!, token);
    stream.on('error', () => undefined);
    connected.push(once(stream, 'metadata'));
    stream.pause();
    return stream;
  });
  const send = (bytes: Uint8Array): void => streams.forEach((stream) => void stream.write(bytes));
  send(helloBytes(...engines));
  await Promise.all(connected);
  return {
    /** Lets all agents send this message. It waits if the mesh takes no more. */
    say: (message: ConnectRequest['message']): void => send(bytesOf(message)),
    [Symbol.dispose]: (): void => clients.forEach((client) => client.close()),
  };
};
