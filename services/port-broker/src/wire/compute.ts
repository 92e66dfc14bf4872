import type {
  ComputeSession as ComputeSessionMessage,
  SessionUserInfo,
} from '#libs/contracts/port.ts';
import { durationToProto, type Violations } from '#libs/mesh/index.ts';
import type { ComputeSession, UserInfo } from '../compute/worker.ts';
import type { Context } from '../context.ts';
import { aboutSession } from './session.ts';

export const computeToProto = async (
  ctx: Pick<Context, 'clock' | 'computeSessions' | 'hosts'>,
  session: ComputeSession,
): Promise<ComputeSessionMessage> => {
  const { id, port, spec } = session;
  const { pid, memoryBytes, cpuMs, isBusy, queued, idleLeftMs } =
    await ctx.computeSessions.work(session);
  return {
    ...aboutSession(session),
    sessionId: id,
    hostName: ctx.hosts.own,
    worker: spec.worker,
    port,
    exposed: spec.isExposed,
    userInfo: spec.user,
    pid,
    memoryBytes,
    cpuTime: durationToProto(cpuMs),
    busy: isBusy,
    queued,
    idleEndTime: idleLeftMs === undefined ? undefined : new Date(ctx.clock.now() + idleLeftMs),
  };
};

const MAX_CHARS = 256;
const NOBODY: UserInfo = { userName: '', project: '', clientAddress: '', clientAgent: '' };

export const userOf = (info: SessionUserInfo | undefined): UserInfo => ({ ...NOBODY, ...info });

export const checkUser = (wrong: Violations, info: SessionUserInfo | undefined): void => {
  const { userName, project, clientAddress, clientAgent } = userOf(info);
  const { require } = wrong.within('user_info');
  const fields = {
    user_name: userName,
    project,
    client_address: clientAddress,
    client_agent: clientAgent,
  };
  for (const [name, text] of Object.entries(fields)) {
    require(text.length <= MAX_CHARS, name, `at most ${MAX_CHARS} characters`);
  }
};
