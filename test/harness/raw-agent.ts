import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { AgentServiceService, ConnectRequest, ConnectResponse } from '#libs/contracts/agent.ts';
import { type DomainError, fromServiceError, status } from '#libs/errors/index.ts';
import type { Mesh } from './mesh.ts';

const WITHIN_MS = 15_000;

/**
 * Opens an agent's stream and sends a valid hello, or another beginning if one is given. Then it sends these bytes unchanged.
 * Returns the error with which the mesh ends the stream.
 */
export const rawAgent = async (
  { endpoints }: Mesh,
  token: string,
  messages: readonly Uint8Array[],
  beginning: readonly Uint8Array[] = [helloBytes],
): Promise<DomainError> => {
  const client = new Client(endpoints.user, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  try {
    const { promise, resolve, reject } = Promise.withResolvers<ServiceError>();
    const call = client.makeBidiStreamRequest(
      AgentServiceService.connect.path,
      (bytes: Uint8Array) => Buffer.from(bytes),
      (bytes: Buffer) => ConnectResponse.decode(bytes),
      metadata,
      { deadline: Date.now() + WITHIN_MS },
    );
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

/** The bytes of an agent's message. */
export const bytesOf = (message: ConnectRequest['message']): Uint8Array =>
  ConnectRequest.encode({ message }).finish();

const helloBytes = bytesOf({
  $case: 'hello',
  value: {
    agentVersion: 'raw',
    slots: 1,
    capability: { cpus: 1, memoryBytes: 2 ** 20, engines: [], sandbox: 'SANDBOX_LEVEL_NONE' },
    held: [],
  },
});
