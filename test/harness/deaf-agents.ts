import { once } from 'node:events';
import { Client, credentials, Metadata, type ClientDuplexStream } from '@grpc/grpc-js';
import { AgentServiceService, type ConnectRequest } from '#libs/contracts/agent.ts';
import { enrol } from './hand-agent.ts';
import type { Mesh } from './mesh.ts';
import { bytesOf } from './raw-agent.ts';

/** Agents that say hello, may send more messages, and never read what the mesh sends. */
export interface DeafAgents extends Disposable {
  /** Lets all agents send this message. It waits if the mesh takes no more. */
  say(message: ConnectRequest['message']): void;
}

const PER_CONNECTION = 100;
const ENROL_AT_ONCE = 20;

export const deafAgents = async (
  mesh: Mesh,
  count: number,
  engines: string[] = [],
): Promise<DeafAgents> => {
  const tokens: string[] = [];
  while (tokens.length < count) {
    const machines = Array.from(
      { length: Math.min(ENROL_AT_ONCE, count - tokens.length) },
      (_, i) => enrol(mesh, `deaf-${tokens.length + i}`),
    );
    tokens.push(...(await Promise.all(machines)).map(({ token }) => token));
  }
  const connected: Promise<unknown>[] = [];
  const clients: Client[] = [];
  const streams: ClientDuplexStream<Uint8Array, Buffer>[] = [];
  for (const [i, token] of tokens.entries()) {
    if (i % PER_CONNECTION === 0) {
      clients.push(
        new Client(mesh.endpoints.user, credentials.createInsecure(), {
          'grpc.use_local_subchannel_pool': 1,
        }),
      );
    }
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${token}`);
    const stream = clients.at(-1)!.makeBidiStreamRequest(
      AgentServiceService.connect.path,
      (bytes: Uint8Array) => Buffer.from(bytes),
      (bytes: Buffer) => bytes,
      metadata,
    );
    stream.on('error', () => undefined);
    connected.push(once(stream, 'metadata'));
    stream.pause();
    streams.push(stream);
  }
  const say = (message: ConnectRequest['message']): void => {
    const bytes = bytesOf(message);
    for (const stream of streams) {
      stream.write(bytes);
    }
  };
  say({
    $case: 'hello',
    value: {
      agentVersion: 'deaf',
      slots: 1,
      capability: {
        cpus: 1,
        memoryBytes: 2 ** 30,
        engines: engines.map((name) => ({ name, version: '1' })),
        sandbox: 'SANDBOX_LEVEL_NONE',
      },
      held: [],
    },
  });
  await Promise.all(connected);
  return {
    say,
    [Symbol.dispose]: () => {
      for (const client of clients) {
        client.close();
      }
    },
  };
};
