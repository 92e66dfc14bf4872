import { addAbortListener } from 'node:events';
import type { ConnectResponse } from '#libs/contracts/agent.ts';
import type { Bidi } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import type { Allowance } from '../domain/allowance.ts';
import { type AgentStream, createAgentStream } from '../stream/agent-stream.ts';
import { endLocal, leave } from '../stream/end-stream.ts';
import { admit } from '../stream/hello.ts';
import { type Leaving, readAgent, readHello, type Heard } from '../stream/reading.ts';
import { createReportSender, type ReportSender } from '../stream/report-sender.ts';
import { createTrust, type Trust } from '../stream/trust.ts';

/** Holds an agent's stream from hello to its end. */
export const connect = (ctx: Context): Bidi<Heard, ConnectResponse> =>
  async function* (requests, call) {
    const incoming = requests[Symbol.asyncIterator]();
    const hello = await readHello(incoming, ctx.clock);
    const user = await admit(ctx, hello, call);
    const { said, former } = ctx.allowances.of(user.id);
    const named = hello.held.map(({ workloadId }) => workloadId);
    const { clock } = ctx;
    const stream = createAgentStream({ user, named, said, clock, abort: call.abort });
    const replaced = ctx.streams.add(stream);
    if (replaced === false) {
      endLocal(stream, 'END_STREAM_REASON_SUPERSEDED');
    } else if (replaced !== undefined) {
      endLocal(replaced, 'END_STREAM_REASON_SUPERSEDED');
    }
    ctx.events.agentConnected(user);
    let leaving: Leaving | undefined;
    // The queue must not wait for more once the call is over, or this process is to end.
    const over = AbortSignal.any([call.signal, call.draining]);
    using _ending = addAbortListener(over, () => stream.queue.fail(over.reason));
    const trust = createTrust({ ...stream, said, clock, signal: over });
    const sender = senderFor(ctx, { stream, trust, former, signal: over });
    void converse(ctx, { stream, trust, sender }, incoming, (how) => {
      leaving = how;
    });
    try {
      yield* stream.queue;
    } finally {
      ctx.streams.remove(stream);
      ctx.events.agentLeft(stream.id, leaving);
      if (leaving?.kind !== 'goodbye') {
        ctx.background.add(leave(ctx, stream.id, stream.workload(), false));
      }
    }
  };

/** Reads the agent to the end and closes the queue in the way that the end asks for. */
const converse = async (
  ctx: Context,
  { stream, trust, sender }: { stream: AgentStream; trust: Trust; sender: ReportSender },
  incoming: AsyncIterator<Heard>,
  onLeaving: (how: Leaving) => void,
): Promise<void> => {
  try {
    const leaving = await readAgent(incoming, {
      stream: stream.id,
      workload: stream.workload,
      clock: ctx.clock,
      sender,
      sessions: ctx.sessions,
      silence: stream.silence,
      trust,
      onUnknown: () => ctx.events.messageSkipped(stream.id),
    });
    onLeaving(leaving);
    if (leaving.kind === 'goodbye') {
      // What it held can be given to others now; the outcomes of its last reports are still worth waiting for.
      ctx.streams.remove(stream);
      ctx.background.add(leave(ctx, stream.id, stream.workload(), true));
    }
    await sender.idle();
    stream.queue.finish();
  } catch (thrown) {
    stream.end(thrown);
  }
};

interface Sending {
  stream: AgentStream;
  trust: Trust;
  former: Allowance;
  signal: AbortSignal;
}

const senderFor = (ctx: Context, { stream, trust, former, signal }: Sending): ReportSender => {
  const { scope } = stream;
  return createReportSender({
    ask: async (workload, reports) => {
      const outcomes = await ctx.report(
        { ...stream.id, userName: stream.userName },
        workload,
        reports,
      );
      if (outcomes.some(({ reason }) => reason === 'WORKLOAD_UNKNOWN')) {
        scope.noteUnknown(workload);
      }
      return outcomes;
    },
    isServed: scope.isServed,
    former,
    clock: ctx.clock,
    signal,
    deliver: (outcomes) => {
      stream.deliver(outcomes);
      trust.judge(outcomes);
    },
    onSent: (reports) => {
      const done = stream.reported(reports);
      if (done !== undefined) {
        ctx.sessions.userRenderingCompleted(done, stream.id);
      }
    },
  });
};
