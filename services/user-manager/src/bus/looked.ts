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

/** The number of results that were not what a machine reported, from which on it is barred. */
const MAX_CONTRADICTIONS = 3;

/**
 * Notes what looks at a machine's results found. After a miss or the third contradiction it is barred. Its stream ends after any of
 * them, because what the mesh knows of a connected machine is from when it connected.
 */
const noteLooked =
  (ctx: Needs) =>
  async ({ workloadId, machineId, good, miss, contradiction }: MachineLooked): Promise<void> => {
    const wrong = collectViolations();
    wrong.require(isId(machineId), 'machine_id', 'must be a machine id');
    wrong.throwIfAny();
    const bar = async (why: string): Promise<void> => {
      const reason = why.slice(0, MAX_REASON);
      const barred = { reason, workload: workloadId, atMs: ctx.clock.now() };
      if (await ctx.machines.bar(machineId, barred)) {
        ctx.events.machineBarred(machineId, workloadId, reason);
      }
    };
    if (good > 0) {
      await ctx.machines.looked(machineId, good);
    }
    if (contradiction !== '') {
      const times = (await ctx.machines.contradicted(machineId)) ?? 0;
      ctx.events.machineContradicted(
        machineId,
        workloadId,
        contradiction.slice(0, MAX_REASON),
        times,
      );
      if (times >= MAX_CONTRADICTIONS) {
        await bar(contradiction);
      }
    }
    if (miss !== '') {
      await bar(miss);
    }
    const user = await ctx.users.get(machineId);
    if (miss + contradiction !== '' && user !== undefined && isConnected(user)) {
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
