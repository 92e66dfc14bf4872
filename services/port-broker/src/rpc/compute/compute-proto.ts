import type { ComputeSession as ComputeSessionMessage, SessionUserInfo } from '#libs/contracts/port.ts';
import type { FieldViolation } from '#libs/errors/index.ts';
import { durationToProto } from '#libs/mesh/index.ts';
import type { ComputeSession, UserInfo } from '../../compute/worker.ts';
import type { Context } from '../../context.ts';
import { aboutSession } from '../session-proto.ts';

/** A compute session as callers see it. */
export const computeToProto = async (ctx: Context, session: ComputeSession): Promise<ComputeSessionMessage> => {
  const { id, port, spec } = session;
  const { pid, residentBytes, cpuMs, isBusy, queued, idleLeftMs } = await ctx.computeSessions.work(session);
  return {
    ...aboutSession(session),
    sessionId: id,
    hostName: ctx.hosts.own,
    worker: spec.worker,
    port,
    exposed: spec.isExposed,
    userInfo: spec.user,
    pid,
    memoryBytes: residentBytes,
    cpuTime: durationToProto(cpuMs),
    busy: isBusy,
    queued,
    idleEndTime: idleLeftMs === undefined ? undefined : new Date(ctx.clock.now() + idleLeftMs),
  };
};

const LONGEST = 256;
const NOBODY: UserInfo = { userName: '', project: '', clientAddress: '', clientAgent: '' };

export const userOf = (info: SessionUserInfo | undefined): UserInfo => ({ ...NOBODY, ...info });

/** What is wrong with what is said of a user. */
export const userViolations = (info: SessionUserInfo | undefined): FieldViolation[] =>
  Object.entries(userOf(info))
    .filter(([, text]) => text.length > LONGEST)
    .map(([name]) => ({
      field: `user_info.${FIELDS[name as keyof UserInfo]}`,
      description: `at most ${LONGEST} characters`,
    }));

const FIELDS: Record<keyof UserInfo, string> = {
  userName: 'user_name',
  project: 'project',
  clientAddress: 'client_address',
  clientAgent: 'client_agent',
};
