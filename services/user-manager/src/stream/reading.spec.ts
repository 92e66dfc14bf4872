import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Progress } from '#libs/contracts/agent.ts';
import { fakeClock } from '#libs/testing/index.ts';
import { type Heard, readAgent } from './reading.ts';

describe('readAgent', () => {
  it('passes progress on twice a second at most', async () => {
    const clock = fakeClock();
    const passedOn: (number | undefined)[] = [];
    const said = (fraction: number): Heard => {
      const task = {
        workloadId: 'w-1',
        attempt: '0-1',
        fraction,
        text: '',
        elapsedSeconds: 1,
        canSplit: false,
      };
      const value: Progress = { tasks: [task] };
      return { message: { $case: 'progress', value } };
    };
    async function* messages(): AsyncGenerator<Heard> {
      yield said(0.1);
      yield said(0.2);
      await clock.advance(499);
      yield said(0.3);
      await clock.advance(1);
      yield said(0.4);
    }
    await readAgent(messages(), {
      stream: { userId: 'm-1', connectionId: 'c-1' },
      workload: () => 'w-1',
      clock,
      sender: { add: () => undefined, room: () => undefined, idle: async () => undefined },
      sessions: {
        newUsers: () => undefined,
        userDisconnected: () => undefined,
        userRenderingCompleted: () => undefined,
        userHeld: () => undefined,
        userProgress: (_stream, tasks) => void passedOn.push(tasks[0]?.fraction),
      },
      silence: {
        listen: () => undefined,
        hear: () => undefined,
        ask: () => undefined,
        isTooLong: () => false,
      },
      trust: {
        own: () => [],
        isAsked: () => true,
        judge: () => undefined,
        pay: async () => undefined,
      },
      onUnknown: () => undefined,
    });
    expect(passedOn).to.deep.equal([0.1, 0.4]);
  });
});
