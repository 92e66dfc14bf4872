import { addAbortListener } from 'node:events';
import type { ConnectResponse } from '#libs/contracts/agent.ts';
import type { Bidi } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { type AgentStream, createAgentStream } from '../stream/agent-stream.ts';
import { endLocal, leave } from '../stream/end-stream.ts';
import { admit } from '../stream/hello.ts';
import { tooManyForgeries } from '../stream/errors.ts';
import { type Leaving, readAgent, readHello, type Heard } from '../stream/reading.ts';
import { createReportSender, type ReportSender } from '../stream/report-sender.ts';

/** An honest agent has no forgeries: tokens or receipts that prove nothing. One with damaged records has a few. */
const MAX_FORGERIES = 100;
const FORGED: ReadonlySet<string> = new Set(['TOKEN_INVALID', 'RECEIPT_INVALID']);

/** Holds an agent's stream from hello to its end. */
export const connect = (ctx: Context): Bidi<Heard, ConnectResponse> =>
  async function* (requests, call) {
    const incoming = requests[Symbol.asyncIterator]();
    const hello = await readHello(incoming, ctx.clock);
    const user = await admit(ctx, hello, call);
    const stream = createAgentStream({ user, clock: ctx.clock, abort: call.abort });
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
    void converse(ctx, stream, incoming, (how) => {
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
  stream: AgentStream,
  incoming: AsyncIterator<Heard>,
  onLeaving: (how: Leaving) => void,
): Promise<void> => {
  const sender = senderFor(ctx, stream);
  try {
    const leaving = await readAgent(incoming, {
      stream: stream.id,
      workload: stream.workload,
      clock: ctx.clock,
      sender,
      sessions: ctx.sessions,
      silence: stream.silence,
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

const senderFor = (ctx: Context, stream: AgentStream): ReportSender => {
  let forged = 0;
  return createReportSender({
    ask: (workload, reports) =>
      ctx.report({ ...stream.id, userName: stream.userName }, workload, reports),
    deliver: (outcomes) => {
      stream.deliver(outcomes);
      forged += outcomes.filter(({ reason }) => FORGED.has(reason)).length;
      if (forged > MAX_FORGERIES) {
        stream.end(tooManyForgeries(forged));
      }
    },
    onSent: (reports) => {
      const done = stream.reported(reports);
      if (done !== undefined) {
        ctx.sessions.userRenderingCompleted(done, stream.id);
      }
    },
  });
};
