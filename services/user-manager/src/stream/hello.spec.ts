import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { CallContext } from '#libs/grpc/index.ts';
import { EndStream } from '#libs/contracts/user.ts';
import { unavailable } from '#libs/errors/index.ts';
import { fakeClock } from '#libs/testing/index.ts';
import type { Context } from '../context.ts';
import { helloOf } from '../fixtures/agent.ts';
import { refusal } from '../fixtures/refusal.ts';
import type { NewConnection } from '../store/users.ts';
import { admit } from './hello.ts';

/** Admits an agent whose machine has a stream at another manager, and which gives up while MongoDB is asked. */
const giveUpDuring = async (operation: 'seen' | 'connect') => {
  const call = new AbortController();
  const connected: NewConnection[] = [];
  const ended: string[] = [];
  const giveUp = (during: string): void => {
    if (during === operation) {
      call.abort(new Error('the agent has gone'));
    }
  };
  const background: Promise<unknown>[] = [];
  const ctx = {
    instance: 'i-1',
    clock: { now: () => 0 },
    random: { id: () => 'c-2' },
    machines: {
      seen: async () => {
        giveUp('seen');
        return { _id: 'm-1', name: 'a' };
      },
    },
    users: {
      connect: async (stream: NewConnection) => {
        connected.push(stream);
        giveUp('connect');
        return {
          before: { id: 'm-1', connection: 'c-1', manager: 'i-2', session: null },
          after: { id: 'm-1' },
        };
      },
    },
    announce: () => undefined,
    background: { add: (work: Promise<unknown>) => background.push(work) },
    bus: {
      request: async (_subject: string, bytes: Uint8Array) => {
        ended.push(EndStream.decode(bytes).reason);
        return new Uint8Array();
      },
    },
  } as unknown as Context;
  const admitted = admit(ctx, helloOf(), {
    caller: { machine: 'm-1' },
    signal: call.signal,
  } as CallContext);
  const how = await admitted.then(
    () => 'admitted',
    (thrown: Error) => thrown.message,
  );
  await Promise.all(background);
  return { how, connected, ended };
};

describe('admit', () => {
  it('leaves the record alone when the agent has gone before it is written', async () => {
    const { how, connected, ended } = await giveUpDuring('seen');
    expect(how).to.equal('the agent has gone');
    expect(connected).to.deep.equal([]);
    expect(ended).to.deep.equal([]);
  });

  it('lets the other stream connect again in place of sending it away for good, if the agent has gone meanwhile', async () => {
    const { ended } = await giveUpDuring('connect');
    expect(ended).to.deep.equal(['END_STREAM_REASON_UNSPECIFIED']);
  });

  it('takes the record back when it does not learn whether it was written', async () => {
    const connections: string[] = [];
    const background: Promise<unknown>[] = [];
    const ctx = {
      instance: 'i-1',
      clock: fakeClock(),
      random: { id: () => 'c-2' },
      closing: new AbortController().signal,
      machines: { seen: async () => ({ _id: 'm-1', name: 'a' }) },
      users: {
        connect: async () => {
          throw unavailable('mongodb', 'no answer');
        },
        disconnect: async (_id: string, connection: string) => void connections.push(connection),
      },
      background: { add: (work: Promise<unknown>) => background.push(work) },
    } as unknown as Context;
    const { signal } = new AbortController();
    const admitted = admit(ctx, helloOf(), { caller: { machine: 'm-1' }, signal } as CallContext);
    expect(await refusal(admitted)).to.equal('UNAVAILABLE DEPENDENCY_UNAVAILABLE');
    await Promise.all(background);
    expect(connections).to.deep.equal(['c-2']);
  });
});
