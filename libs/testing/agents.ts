import { createHash } from 'node:crypto';
import type { ChannelOptions } from '@grpc/grpc-js';
import {
  AgentServiceService,
  type Capability,
  type Completed,
  type ConnectRequest,
  type ConnectResponse,
  type Failed,
  type Hello,
  type Report,
  type Welcome,
} from '#libs/contracts/agent.ts';
import type { NoopSpec, RenderSpec } from '#libs/contracts/common.ts';
import type { DomainError } from '#libs/errors/index.ts';
import { createClient } from '#libs/grpc/index.ts';

/** A noop specification, with defaults for everything that is not given. */
export const noopSpec = (spec: Partial<NoopSpec> = {}): NoopSpec => ({
  tasks: 1,
  durationMs: 0,
  resultBytes: 0,
  failingTasks: '',
  maxFailures: 0,
  maxLosses: 0,
  nodes: [],
  ...spec,
});

/** A render specification as `muster render` states it, with defaults for everything that is not given. */
export const renderSpec = (spec: Partial<RenderSpec> = {}): RenderSpec => ({
  frames: '',
  order: 'RENDER_ORDER_SEQUENTIAL',
  engine: '',
  samples: 0,
  scalePercent: 0,
  format: 'RENDER_FORMAT_PNG',
  scene: '',
  camera: '',
  viewLayer: '',
  allowMissing: false,
  allowedMissing: [],
  frameTimeout: undefined,
  progressTimeout: undefined,
  physics: 'RENDER_PHYSICS_UNSPECIFIED',
  bakeTimeout: undefined,
  tiles: 0,
  tilesIfSlow: false,
  device: 'RENDER_DEVICE_UNSPECIFIED',
  deviceMemoryBytes: 0,
  maxFailures: 0,
  maxLosses: 0,
  ...spec,
});

/** The hash of the result of a noop task without bytes. */
export const noopSha256 = (workload: string, task: string): string =>
  createHash('sha256').update(`${workload}/${task}`).digest('hex');

/** The body of a report of success, with defaults for everything that is not given. */
export const completedBody = (completed: Partial<Completed>): NonNullable<Report['body']> => ({
  $case: 'completed',
  value: {
    receipt: undefined,
    sha256: '',
    pixelHash: '',
    used: undefined,
    ending: '',
    files: [],
    seconds: 1,
    notes: [],
    ...completed,
  },
});

/** The body of a report of failure, with defaults for everything that is not given. */
export const failedBody = (failed: Partial<Failed> = {}): NonNullable<Report['body']> => ({
  $case: 'failed',
  value: {
    failureClass: 'FAILURE_CLASS_RENDER_ERROR',
    reason: 'no light',
    seconds: 1,
    logReceipt: undefined,
    names: [],
    ...failed,
  },
});

/** What a machine with the engine noop can do, with defaults for everything that is not given. */
export const capabilityOf = (capability: Partial<Capability> = {}): Capability => ({
  cpus: 2,
  memoryBytes: 2 ** 30,
  engines: [{ name: 'noop', version: '1', devices: [] }],
  sandbox: 'SANDBOX_LEVEL_NONE',
  ...capability,
});

/** A hello that is in order. */
export const helloOf = (hello: Partial<Hello> = {}): Hello => ({
  installation: '',
  ordinal: 0,
  agentVersion: '1.0',
  slots: 1,
  capability: capabilityOf(),
  held: [],
  ...hello,
});

/** An agent's stream on which nothing is said by itself but the hello. */
export interface AgentStream {
  welcome: Welcome;
  send: (message: ConnectRequest['message']) => Promise<void>;
  /** Says goodbye and half-closes; resolves when the stream has ended. */
  goodbye: () => Promise<void>;
  /** Ends its side of the stream without a word. */
  halfClose: () => Promise<void>;
  /** Resolves with the error that ended the stream; undefined means OK. */
  ended: Promise<DomainError | undefined>;
  /** Breaks the stream. */
  close: () => void;
}

/** Opens an agent's stream and waits for the welcome. Rejects with what refuses it. */
export const openAgentStream = async (
  to: { target: string; token: string; channelOptions?: ChannelOptions },
  hello: Hello,
  hear: (
    message: NonNullable<ConnectResponse['message']>,
    reply: AgentStream['send'],
  ) => void | Promise<void>,
): Promise<AgentStream> => {
  const client = createClient(AgentServiceService, to);
  const call = client.connect();
  const welcomed = Promise.withResolvers<Welcome>();
  const send: AgentStream['send'] = (message) => call.send({ message });
  const listen = async (): Promise<DomainError | undefined> => {
    try {
      for await (const { message } of call.responses) {
        if (message?.$case === 'welcome') {
          welcomed.resolve(message.value);
        }
        if (message !== undefined) {
          await hear(message, send);
        }
      }
      return undefined;
    } catch (thrown) {
      welcomed.reject(thrown);
      return thrown as DomainError;
    } finally {
      client.close();
    }
  };
  const ended = listen();
  void send({ $case: 'hello', value: hello }).catch(() => undefined);
  const halfClose = async (): Promise<void> => {
    call.end();
    await ended;
  };
  return {
    welcome: await welcomed.promise,
    send,
    goodbye: async () => {
      await send({ $case: 'goodbye', value: { reason: 'done' } });
      await halfClose();
    },
    halfClose,
    ended,
    close: () => client.close(),
  };
};
