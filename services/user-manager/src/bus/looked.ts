import { MachineLooked, MachineLookedReply } from '#libs/contracts/user.ts';
import { collectViolations, isId, matcherSubject } from '#libs/mesh/index.ts';
import type { Serving } from '#libs/nats/index.ts';
import type { Context } from '../context.ts';
import { isConnected } from '../domain/user.ts';
import { disconnect, endStream } from '../stream/end-stream.ts';

const MAX_REASON = 500;

type Needs = Pick<Context, 'bus' | 'machines' | 'users' | 'events' | 'clock'> &
  Parameters<typeof disconnect>[0] &
  Parameters<typeof endStream>[0];

/** Notes what second looks at a machine's results found. After a miss it is barred and cut off. */
const noteLooked =
  (ctx: Needs) =>
  async ({ workloadId, machineId, good, miss }: MachineLooked): Promise<void> => {
    const wrong = collectViolations();
    wrong.require(isId(machineId), 'machine_id', 'must be a machine id');
    wrong.throwIfAny();
    if (good > 0) {
      await ctx.machines.looked(machineId, good);
    }
    if (miss === '') {
      return;
    }
    const reason = miss.slice(0, MAX_REASON);
    const barred = { reason, workload: workloadId, atMs: ctx.clock.now() };
    if (await ctx.machines.bar(machineId, barred)) {
      ctx.events.machineBarred(machineId, workloadId, reason);
    }
    const user = await ctx.users.get(machineId);
    if (user !== undefined && isConnected(user)) {
      await disconnect(ctx, { userId: machineId, connectionId: user.connection }, false);
      await endStream(ctx, user, 'END_STREAM_REASON_UNSPECIFIED');
    }
  };

/** Takes what sessions found; one user-manager takes each message. */
export const serveLooked = (ctx: Needs): Serving => {
  const note = noteLooked(ctx);
  return ctx.bus.serve(
    matcherSubject('machine-looked'),
    async (bytes) => {
      await note(MachineLooked.decode(bytes));
      return MachineLookedReply.encode({}).finish();
    },
    { queue: 'user-managers' },
  );
};
